/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commit latency and throughput of the store: one voter, then three and five over TLS on loopback. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "edge/authority.h"
#include "edge/identity.h"
#include "edge/store.h"

#define LATENCY_WRITES 2000
#define THROUGHPUT_WRITES 20000
#define ENTRY_SIZE 200
#define PORT 17408
#define VOTERS_MAX 5

static void *nothing_new(void)
{
	return own_alloc(1);
}

static void nothing_apply(
	void *machine, uint64_t index, uint64_t term, const void *data, size_t len)
{
}

static int nothing_snapshot(void *machine, void **ret_data, size_t *ret_len)
{
	*ret_data = own_alloc(1);
	*ret_len = 1;
	return 0;
}

static int nothing_restore(void *machine, const void *data, size_t len)
{
	return 0;
}

static const struct store_machine machine = { nothing_new, free, nothing_apply, nothing_snapshot,
	nothing_restore };

struct bench {
	uv_loop_t loop;
	struct store *store;
	enum store_role role;
	unsigned asked, answered, wanted, window, bad;
	uint64_t began[THROUGHPUT_WRITES], took[THROUGHPUT_WRITES];
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void fill(struct bench *b)
{
	char entry[ENTRY_SIZE] = "";

	while (b->asked < b->wanted && b->asked - b->answered < b->window) {
		b->began[b->asked] = now_ns();
		if (store_propose(b->store, 0, entry, sizeof(entry), (void *)(uintptr_t)b->asked))
			abort();
		b->asked++;
	}
}

static void on_commit(void *ctx, uint64_t index, uint64_t term, const void *data, size_t len)
{
}

static void on_role(void *ctx, enum store_role role, uint64_t term, unsigned leader)
{
	((struct bench *)ctx)->role = role;
}

static void on_result(void *ctx, void *cookie, int status, uint64_t index)
{
	struct bench *b = ctx;
	uintptr_t k = (uintptr_t)cookie;

	b->took[k] = now_ns() - b->began[k];
	b->answered++;
	b->bad += status != 0;
	fill(b);
}

static void on_failure(void *ctx, const char *why)
{
	fprintf(stderr, "store_bench: %s\n", why);
	_exit(1);
}

static void voter(struct bench *b, const char *dir, unsigned id, unsigned n)
{
	static const struct store_handler handler = { on_commit, on_commit, on_role, on_result,
		on_failure };
	struct store_peer peers[VOTERS_MAX];
	owned(free) char *log = own_printf("%s/log-%u-%u", dir, n, id);
	owned(free) char *pki = own_printf("%s/c%u", dir, id);
	struct store_config config = { .dir = log,
		.id = id,
		.peers = peers,
		.n_peers = n,
		.bootstrap = true,
		.realtime = true,
		.machine = &machine,
		.election_ms = id == 1 ? 1000 : 3000 };
	char *why = NULL;

	for (unsigned i = 0; i < n; i++)
		peers[i] = (struct store_peer){ i + 1, own_printf("c%u", i + 1),
			own_printf("127.0.0.1:%u", PORT + 10 * n + i) };
	if (n > 1) {
		config.listen = peers[id - 1].address;
		if (identity_load(pki, &config.identity, &why))
			on_failure(b, why);
	}
	uv_loop_init(&b->loop);
	if (store_open(&b->loop, &config, &handler, b, &b->store, &why))
		on_failure(b, why);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void measure(struct bench *b, unsigned n, unsigned writes, unsigned window)
{
	uint64_t began = now_ns(), took;

	b->asked = b->answered = b->bad = 0;
	b->wanted = writes;
	b->window = window;
	fill(b);
	while (b->answered < writes)
		uv_run(&b->loop, UV_RUN_ONCE);
	took = now_ns() - began;
	qsort(b->took, writes, sizeof(*b->took), compare);
	printf("%u voter%s, %3u in flight: %6.0f writes/s; latency p50 %.2f ms, p99 %.2f ms, max "
	       "%.2f "
	       "ms; %u refused\n",
		n, n > 1 ? "s" : " ", window, writes / (took / 1e9), b->took[writes / 2] / 1e6,
		b->took[writes * 99 / 100] / 1e6, b->took[writes - 1] / 1e6, b->bad);
	fflush(stdout);
}

static void run(const char *dir, unsigned n)
{
	struct bench *b = own_new(struct bench);
	pid_t others[VOTERS_MAX + 1];

	for (unsigned id = 2; id <= n; id++) {
		others[id] = fork();
		if (others[id])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		voter(b, dir, id, n);
		uv_run(&b->loop, UV_RUN_DEFAULT);
		_exit(0);
	}
	voter(b, dir, 1, n);
	while (b->role != STORE_LEADER)
		uv_run(&b->loop, UV_RUN_ONCE);
	measure(b, n, LATENCY_WRITES, 1);
	measure(b, n, THROUGHPUT_WRITES, 256);
	store_close(b->store);
	for (unsigned id = 2; id <= n; id++) {
		kill(others[id], SIGKILL);
		waitpid(others[id], NULL, 0);
	}
}

int main(int argc, char **argv)
{
	char *why = NULL;

	if (argc != 2) {
		fprintf(stderr, "usage: store_bench DIR: an empty folder on the disk to measure\n");
		return 2;
	}
	if (authority_create(argv[1], "bench", &why))
		on_failure(NULL, why);
	for (unsigned id = 1; id <= VOTERS_MAX; id++) {
		owned(free) char *name = own_printf("c%u", id);
		owned(free) char *out = own_printf("%s/%s", argv[1], name);
		struct authority_subject subject = { .name = name, .roles = IDENTITY_CONTROLLER };

		if (authority_issue(argv[1], &subject, out, &why))
			on_failure(NULL, why);
	}
	run(argv[1], 1);
	run(argv[1], 3);
	run(argv[1], 5);
	return 0;
}
