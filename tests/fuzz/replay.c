/* SPDX-License-Identifier: MIT */
/*
 * Hands each file of the folders and files that are named to the fuzz target, without libFuzzer. The name is
 * printed before, so that the last one printed is the one that failed.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

enum { PATH_BYTES = 4096 };

static int fail(const char *path)
{
    fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
    return -1;
}

/* A file's content in a block of its size. The caller frees it. NULL: it cannot be read. */
static uint8_t *read_file(const char *path, size_t bytes)
{
    uint8_t *data = malloc(bytes > 0 ? bytes : 1);
    FILE *file = fopen(path, "rb");
    if (data != NULL && file != NULL && fread(data, 1, bytes, file) == bytes && fclose(file) == 0)
        return data;
    free(data);
    return NULL;
}

/* 1: replayed; 0: not a file; -1: it cannot be read. */
static int replay_file(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return fail(path);
    if (!S_ISREG(status.st_mode))
        return 0;
    size_t bytes = (size_t)status.st_size;
    uint8_t *data = read_file(path, bytes);
    if (data == NULL)
        return fail(path);
    printf("%s\n", path);
    fflush(stdout);
    (void)LLVMFuzzerTestOneInput(data, bytes);
    free(data);
    return 1;
}

/* How many files were replayed; -1: something cannot be read. */
static int replay_folder(DIR *folder, const char *path)
{
    int replayed = 0;
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char name[PATH_BYTES];
        if (snprintf(name, sizeof(name), "%s/%s", path, entry->d_name) >= (int)sizeof(name))
            continue;
        int one = replay_file(name);
        if (one < 0)
            return -1;
        replayed += one;
    }
    return replayed;
}

static int replay(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return errno == ENOTDIR ? replay_file(path) : fail(path);
    int replayed = replay_folder(folder, path);
    closedir(folder);
    return replayed;
}

int main(int argc, char **argv)
{
    int all = 0;
    for (int i = 1; i < argc; i++) {
        int replayed = replay(argv[i]);
        if (replayed < 0)
            return 1;
        all += replayed;
    }
    printf("%d replayed\n", all);
    return all > 0 ? 0 : 1;
}
