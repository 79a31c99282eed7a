/* SPDX-License-Identifier: MIT */
#include "state.h"

static void ring_init(struct warmstart_task *head)
{
    head->next = head;
    head->previous = head;
}

static void unlink_task(struct warmstart_task *task)
{
    task->previous->next = task->next;
    task->next->previous = task->previous;
    task->next = NULL;
    task->previous = NULL;
}

static void append(struct warmstart_task *head, struct warmstart_task *task)
{
    task->next = head;
    task->previous = head->previous;
    head->previous->next = task;
    head->previous = task;
}

void warmstart_tasks_init(struct warmstart_loop *loop)
{
    ring_init(&loop->tasks);
}

bool warmstart_tasks_pending(const struct warmstart_loop *loop)
{
    return loop->tasks.next != &loop->tasks;
}

void warmstart_loop_defer(struct warmstart_loop *loop, struct warmstart_task *task)
{
    assert(loop && task && task->run);
    if (!task->next)
        append(&loop->tasks, task);
}

void warmstart_loop_undefer(struct warmstart_loop *loop, struct warmstart_task *task)
{
    assert(loop && task);
    (void)loop;
    if (task->next)
        unlink_task(task);
}

void warmstart_tasks_serve(struct warmstart_loop *loop)
{
    if (!warmstart_tasks_pending(loop))
        return;

    /* Those that are deferred now move to a ring of their own; _undefer works there as well. */
    struct warmstart_task turn = {.next = loop->tasks.next, .previous = loop->tasks.previous};
    turn.next->previous = &turn;
    turn.previous->next = &turn;
    ring_init(&loop->tasks);

    while (turn.next != &turn) {
        struct warmstart_task *task = turn.next;
        unlink_task(task);
        task->run(task);
    }
}
