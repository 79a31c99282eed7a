/* SPDX-License-Identifier: MIT */
#include "environment.h"

#include <stddef.h>
#include <string.h>

const char *warmstart_daemon_environment_find(char *const *environment, const char *name)
{
    const size_t bytes = strlen(name);

    for (; *environment != NULL; environment++)
        if (strncmp(*environment, name, bytes) == 0 && (*environment)[bytes] == '=')
            return (*environment)[bytes + 1] != '\0' ? *environment + bytes + 1 : NULL;
    return NULL;
}

bool warmstart_daemon_environment_number(const char *text, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        const uint64_t digit = (uint64_t)(*text - '0');
        if (digit > max || number > (max - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *ret_number = number;
    return true;
}
