/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/own.h"
#include "edge/store_inside.h"

#define REALTIME_PRIORITY 10 /* SCHED_FIFO, below the heartbeat senders */
#define REALTIME_POOL 4      /* libuv's, unless UV_THREADPOOL_SIZE says otherwise */
#define REALTIME_POOL_MAX 1024

/*
 * A libuv before 1.46 lets a loop that was woken spin until the thread that woke it has left
 * uv_async_send(). Where the loop's thread is real-time and the waker is not, the loop has
 * preempted the very thread it waits for, and spins until the kernel throttles it: 950 ms of each
 * second. So the pool's threads, which wake the loop after each write, get the same priority:
 * equals do not preempt one another. (The owner wakes the loop through an eventfd, without that.)
 */
struct pool {
	pthread_barrier_t barrier;
	bool refused;
	unsigned running;
};

static bool realtime_set(void)
{
	struct sched_param priority = { .sched_priority = REALTIME_PRIORITY };

	return !sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority);
}

static void pool_on_work(uv_work_t *work)
{
	struct pool *pool = work->data;

	if (!realtime_set())
		__atomic_store_n(&pool->refused, true, __ATOMIC_RELAXED);
	pthread_barrier_wait(&pool->barrier); /* so that each thread takes one */
}

static void pool_on_done(uv_work_t *work, int status)
{
	struct pool *pool = work->data;

	pool->running--;
	free(work);
}

bool store_realtime(uv_loop_t *loop)
{
	const char *size = getenv("UV_THREADPOOL_SIZE");
	unsigned n = size ? (unsigned)strtoul(size, NULL, 10) : REALTIME_POOL;
	struct pool pool = { 0 };

	if (memory_lock(true))
		return false;
	n = n < 1 ? 1 : n > REALTIME_POOL_MAX ? REALTIME_POOL_MAX : n;
	pthread_barrier_init(&pool.barrier, NULL, n);
	for (pool.running = 0; pool.running < n; pool.running++) {
		uv_work_t *work = own_new(uv_work_t);

		work->data = &pool;
		uv_queue_work(loop, work, pool_on_work, pool_on_done);
	}
	while (pool.running)
		uv_run(loop, UV_RUN_ONCE);
	pthread_barrier_destroy(&pool.barrier);
	return !pool.refused && realtime_set();
}
