/* SPDX-License-Identifier: MIT */
#include "lockstep.h"

#include "generator.h"
#include "world.h"

#include <stdlib.h>

void lockstep_run(struct lockstep_source *source)
{
    static struct world world;
    static struct operation operations[LOCKSTEP_STEPS_MAX];
    struct generator generator;
    struct world_setting setting;
    generator_init(&generator, source, false, &setting);
    world_begin(&world, &setting);
    uint32_t len = 0;
    bool agreed = world.difference[0] == '\0';
    while (agreed && len < LOCKSTEP_STEPS_MAX && source->more(source)) {
        generator_next(&generator, &world, &operations[len]);
        agreed = world_do(&world, &operations[len++]);
    }
    if (agreed && world_end(&world))
        return;
    world_setting_print(&setting, stderr);
    for (uint32_t i = 0; i < len; i++)
        operation_print(&operations[i], stderr);
    fprintf(stderr, "then: %s\n", world.difference);
    abort();
}
