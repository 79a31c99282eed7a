/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <warmstart/warmstart.h>

#include "environment.h"
#include "option.h"

enum { NAME_BYTES_MAX = 256 };

#define ID_MAX (UINT32_MAX - 1) /* the last one stands for none */

static bool find_user(const char *name, uid_t *ret_user)
{
    uint64_t number = 0;

    if (warmstart_daemon_environment_number(name, ID_MAX, &number)) {
        *ret_user = (uid_t)number;
        return true;
    }
    const struct passwd *entry = getpwnam(name);
    if (entry != NULL)
        *ret_user = entry->pw_uid;
    return entry != NULL;
}

static bool find_group(const char *name, gid_t *ret_group)
{
    uint64_t number = 0;

    if (warmstart_daemon_environment_number(name, ID_MAX, &number)) {
        *ret_group = (gid_t)number;
        return true;
    }
    const struct group *entry = getgrnam(name);
    if (entry != NULL)
        *ret_group = entry->gr_gid;
    return entry != NULL;
}

/* NULL: taken; else what is wrong. */
static const char *take(struct warmstart_daemon_names *names, const char *name)
{
    if (name[0] == '@') {
        if (names->groups_len == WARMSTART_DAEMON_NAMES_MAX)
            return "at most 64 groups";
        return find_group(name + 1, &names->groups[names->groups_len++]) ? NULL : "the name of a group";
    }
    if (names->users_len == WARMSTART_DAEMON_NAMES_MAX)
        return "at most 64 users";
    return find_user(name, &names->users[names->users_len++]) ? NULL : "the name of a user";
}

int warmstart_daemon_names_read(struct warmstart_daemon_names *names, const char *option, const char *text,
                                char *ret_error, size_t error_bytes)
{
    char name[NAME_BYTES_MAX + 1], quoted[WARMSTART_DAEMON_QUOTED_BYTES];

    *names = (struct warmstart_daemon_names){.users_len = 0};
    while (text != NULL && *text != '\0') {
        const size_t bytes = strcspn(text, ",");
        const char *expected = "a shorter name";
        if (bytes <= NAME_BYTES_MAX) {
            memcpy(name, text, bytes);
            name[bytes] = '\0';
            expected = take(names, name);
        }
        if (expected != NULL) {
            warmstart_daemon_option_quote(text, bytes, quoted);
            snprintf(ret_error, error_bytes, "option --%s: got %s, expected %s", option, quoted, expected);
            return WARMSTART_ERR_INVALID;
        }
        text += bytes;
        text += *text == ',' ? 1 : 0;
    }
    return 0;
}
