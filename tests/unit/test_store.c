/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <glob.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "edge/store.h"
#include "pki.h"

/* For code that also runs in a forked writer, where criterion's assertions hang. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

/* A state machine that counts: how many entries, and the sum of the numbers in them. */
struct sum {
	uint64_t n, sum, index;
};

static void *sum_new(void)
{
	return own_new(struct sum);
}

static void sum_apply(void *machine, uint64_t index, uint64_t term, const void *data, size_t len)
{
	struct sum *s = machine;
	uint64_t number = 0;

	memcpy(&number, data, len < sizeof(number) ? len : sizeof(number));
	s->n++;
	s->sum += number;
	must(index > s->index);
	s->index = index;
}

static int sum_snapshot(void *machine, void **ret_data, size_t *ret_len)
{
	*ret_data = own_alloc(sizeof(struct sum) + 3); /* an odd length, on purpose */
	memcpy(*ret_data, machine, sizeof(struct sum));
	*ret_len = sizeof(struct sum) + 3;
	return 0;
}

static int sum_restore(void *machine, const void *data, size_t len)
{
	if (len != sizeof(struct sum) + 3)
		return -EBADMSG;
	memcpy(machine, data, sizeof(struct sum));
	return 0;
}

static const struct store_machine sum_machine = { sum_new, free, sum_apply, sum_snapshot,
	sum_restore };

struct owner {
	uv_loop_t loop;
	char dir[40];
	struct store *store;
	struct sum state; /* the owner's own instance */
	enum store_role role;
	uint64_t term, last_term;
	unsigned leader, results, commits, restores, bad;
	int status;
	char failure[256];
	uint64_t result_index;
	int ack_fd;
};

static void on_commit(void *ctx, uint64_t index, uint64_t term, const void *data, size_t len)
{
	struct owner *o = ctx;

	o->commits++;
	o->last_term = term;
	sum_apply(&o->state, index, term, data, len);
}

static void on_restore(void *ctx, uint64_t index, uint64_t term, const void *data, size_t len)
{
	struct owner *o = ctx;

	o->restores++;
	cr_assert_eq(sum_restore(&o->state, data, len), 0);
	cr_assert_geq(index, o->state.index);
}

static void on_role(void *ctx, enum store_role role, uint64_t term, unsigned leader)
{
	struct owner *o = ctx;

	o->role = role;
	o->term = term;
	o->leader = leader;
}

static void on_result(void *ctx, void *cookie, int status, uint64_t index)
{
	struct owner *o = ctx;
	uint64_t number = (uint64_t)(uintptr_t)cookie;

	o->results++;
	o->status = status;
	o->bad += status != 0;
	o->result_index = index;
	if (!status)
		must(o->state.index >= index); /* the commit is told before its result */
	if (!status && o->ack_fd > 0)
		must(write(o->ack_fd, &number, sizeof(number)) == sizeof(number));
}

static void on_failure(void *ctx, const char *why)
{
	struct owner *o = ctx;

	snprintf(o->failure, sizeof(o->failure), "%s", why);
}

static const struct store_handler handler = { on_commit, on_restore, on_role, on_result,
	on_failure };
static const struct store_peer alone = { 1, "c1", "127.0.0.1:1" };

static struct store_config config_of(struct owner *o)
{
	return (struct store_config){
		.dir = o->dir,
		.id = 1,
		.peers = &alone,
		.n_peers = 1,
		.bootstrap = true,
		.machine = &sum_machine,
		.snapshot_entries = 64,
	};
}

static void owner_open(struct owner *o)
{
	struct store_config config = config_of(o);
	char *why = NULL;

	uv_loop_init(&o->loop);
	cr_assert_eq(store_open(&o->loop, &config, &handler, o, &o->store, &why), 0, "%s", why);
	run_until(&o->loop, o->role == STORE_LEADER);
}

static void owner_init(struct owner *o)
{
	memset(o, 0, sizeof(*o));
	snprintf(o->dir, sizeof(o->dir), "/tmp/picket-store-XXXXXX");
	cr_assert(mkdtemp(o->dir));
}

static void owner_close(struct owner *o)
{
	store_close(o->store);
	loop_done(&o->loop);
	o->store = NULL;
	o->role = STORE_FOLLOWER;
}

static void owner_done(struct owner *o)
{
	owned(free) char *command = own_printf("rm -rf %s", o->dir);

	cr_assert_eq(system(command), 0);
}

static void owner_add(struct owner *o, uint64_t number)
{
	cr_assert_eq(
		store_propose(o->store, 0, &number, sizeof(number), (void *)(uintptr_t)number), 0);
}

static size_t owner_snapshots(struct owner *o)
{
	owned(free) char *pattern = own_printf("%s/snapshot-*.meta", o->dir);
	glob_t found = { 0 };
	size_t n;

	glob(pattern, 0, NULL, &found);
	n = found.gl_pathc;
	globfree(&found);
	return n;
}

Test(store, remembers_over_restarts_and_snapshots)
{
	struct store_status status;
	struct owner o;

	owner_init(&o);
	owner_open(&o);
	cr_assert_eq(o.leader, 1);
	for (unsigned i = 1; i <= 300; i++)
		owner_add(&o, i);
	run_until(&o.loop, o.results == 300);
	cr_assert_eq(o.bad, 0);
	cr_assert_eq(o.state.sum, 300 * 301 / 2);
	cr_assert_eq(o.last_term, o.term);
	/* A result may be here before the figures are: those are for people. */
	run_until(&o.loop,
		(store_status(o.store, &status), status.commit_index >= o.result_index));
	cr_assert_eq(status.role, STORE_LEADER);
	run_until(&o.loop, owner_snapshots(&o));
	owner_close(&o);

	o.state = (struct sum){ 0 };
	o.commits = 0;
	owner_open(&o);
	run_until(&o.loop, o.state.n == 300);
	cr_assert_eq(o.state.sum, 300 * 301 / 2);
	cr_assert_eq(o.restores, 1);
	cr_assert_lt(o.commits, 300, "what a snapshot holds is not applied again");
	owner_close(&o);
	owner_done(&o);
}

/* On one processor a real-time loop runs as soon as it is woken. If it then waited for its waker,
 * it would spin until the kernel throttles it: 20 writes a second. */
Test(store, a_realtime_log_does_not_wait_for_who_woke_it)
{
	struct store_config config;
	struct store_status status;
	cpu_set_t one;
	uint64_t began;
	char *why = NULL;
	struct owner o;

	CPU_ZERO(&one);
	CPU_SET((unsigned)sched_getcpu(), &one);
	cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	owner_init(&o);
	config = config_of(&o);
	config.realtime = true;
	uv_loop_init(&o.loop);
	cr_assert_eq(store_open(&o.loop, &config, &handler, &o, &o.store, &why), 0, "%s", why);
	run_until(&o.loop, o.role == STORE_LEADER);
	store_status(o.store, &status);
	began = uv_hrtime();
	for (unsigned i = 1; status.realtime && i <= 200; i++) {
		owner_add(&o, i);
		run_until(&o.loop, o.results == i);
	}
	cr_assert_lt(uv_hrtime() - began, 6000000000, "%u writes", o.results);
	owner_close(&o);
	owner_done(&o);
}

Test(store, entries_of_any_size)
{
	static const size_t sizes[] = { 0, 1, 7, 8, 9, 4096, 1 << 20, 5 << 20, STORE_ENTRY_MAX };
	struct owner o;

	owner_init(&o);
	owner_open(&o);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		owned(free) char *data = own_alloc(sizes[i] + 1);

		memset(data, 1, sizes[i]);
		cr_assert_eq(store_propose(o.store, 0, data, sizes[i], NULL), 0);
		run_until(&o.loop, o.results == i + 1);
		cr_assert_eq(o.status, 0, "%zu bytes", sizes[i]);
	}
	cr_assert_eq(store_propose(o.store, 0, "", STORE_ENTRY_MAX + 1, NULL), -EMSGSIZE);
	owner_close(&o);
	o.state = (struct sum){ 0 };
	owner_open(&o);
	run_until(&o.loop, o.state.n == 9);
	owner_close(&o);
	owner_done(&o);
}

Test(store, an_entry_of_another_term_is_refused)
{
	struct owner o;

	owner_init(&o);
	owner_open(&o);
	cr_assert_eq(store_propose(o.store, o.term + 1, "x", 1, NULL), 0);
	run_until(&o.loop, o.results == 1);
	cr_assert_eq(o.status, -ESTALE);
	cr_assert_eq(store_propose(o.store, o.term, "x", 1, NULL), 0);
	run_until(&o.loop, o.results == 2);
	cr_assert_eq(o.status, 0);
	cr_assert_eq(o.commits, 1);
	owner_close(&o);
	owner_done(&o);
}

Test(store, refuses_a_folder_that_is_not_its_own)
{
	struct store_config config;
	struct store *second = NULL;
	owned(free) char *why = NULL;
	struct owner o;

	owner_init(&o);
	owner_open(&o);
	config = config_of(&o);
	cr_assert_eq(store_open(&o.loop, &config, &handler, &o, &second, &why), -EBUSY);
	cr_assert_not_null(strstr(why, "another picketd"), "%s", why);
	cr_assert_null(second);
	owner_close(&o);
	free(give(why));
	uv_loop_init(&o.loop);
	config.id = 2;
	cr_assert_eq(store_open(&o.loop, &config, &handler, &o, &second, &why), -EUCLEAN);
	cr_assert_not_null(strstr(why, "the log of voter 1, not of 2"), "%s", why);
	free(give(why));
	config.dir = "/proc/nothing";
	cr_assert_lt(store_open(&o.loop, &config, &handler, &o, &second, &why), 0);
	loop_done(&o.loop);
	owner_done(&o);
}

Test(store, a_damaged_log_is_not_guessed_at)
{
	struct store_config config;
	struct store *store = NULL;
	owned(free) char *why = NULL, *command = NULL;
	struct owner o;

	owner_init(&o);
	owner_open(&o);
	for (unsigned i = 1; i <= 20; i++)
		owner_add(&o, i);
	run_until(&o.loop, o.results == 20);
	owner_close(&o);
	/* a closed segment is whole on the disk: a changed byte in it is damage, not a torn write
	 */
	command = own_printf("f=$(ls %s/0* | head -n 1); printf '\\377' | "
			     "dd of=$f bs=1 seek=64 conv=notrunc status=none",
		o.dir);
	cr_assert_eq(system(command), 0);
	uv_loop_init(&o.loop);
	config = config_of(&o);
	cr_assert_lt(store_open(&o.loop, &config, &handler, &o, &store, &why), 0);
	cr_assert_not_null(why);
	loop_done(&o.loop);
	owner_done(&o);
}

/* ---- no acknowledged write is lost
 * ----------------------------------------------------------------- */

static void writer(struct owner *o, uint64_t from)
{
	struct store_config config = config_of(o);
	char *why = NULL;

	o->state = (struct sum){ 0 };
	o->results = 0;
	uv_loop_init(&o->loop);
	must(!store_open(&o->loop, &config, &handler, o, &o->store, &why));
	while (o->role != STORE_LEADER)
		uv_run(&o->loop, UV_RUN_ONCE);
	for (;; from++) {
		while (o->results + 16 < from)
			uv_run(&o->loop, UV_RUN_ONCE);
		must(!store_propose(o->store, 0, &from, sizeof(from), (void *)(uintptr_t)from));
		uv_run(&o->loop, UV_RUN_NOWAIT);
	}
}

/* One life of a writer: returns the highest number it acknowledged. */
static uint64_t one_life(struct owner *o, uint64_t from, unsigned ms)
{
	uint64_t number, last = 0;
	struct timespec until;
	int fd[2];
	pid_t pid;

	cr_assert_eq(pipe(fd), 0);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fd[0]);
		o->ack_fd = fd[1];
		writer(o, from);
		_exit(1);
	}
	close(fd[1]);
	cr_assert_eq(read(fd[0], &number, sizeof(number)), sizeof(number));
	last = number;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)ms * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	while (read(fd[0], &number, sizeof(number)) == sizeof(number)) {
		cr_assert_eq(number, last + 1, "acknowledged in order");
		last = number;
	}
	close(fd[0]);
	return last;
}

Test(store, no_acknowledged_write_is_lost_by_kill)
{
	unsigned seed = (unsigned)time(NULL) ^ (unsigned)getpid(), written = 0;
	struct owner o;

	owner_init(&o);
	for (unsigned life = 0; life < 8; life++) {
		uint64_t before, acknowledged = one_life(&o, 1, 5 + (unsigned)rand_r(&seed) % 60);

		before = o.state.n;
		o.state = (struct sum){ 0 };
		owner_open(&o);
		owner_add(&o, 0);
		o.results = 0;
		run_until(&o.loop, o.results == 1);
		cr_assert_geq(o.state.n, before + acknowledged + 1);
		written += (unsigned)acknowledged;
		owner_close(&o);
	}
	cr_log_info("%u acknowledged writes", written);
	owner_done(&o);
}

/* Two of three voters are gone for good: nobody can lead until somebody orders the third to go on
 * alone; then it has all that its log had. */
Test(store, a_lost_majority_is_recovered_on_order_only)
{
	static const struct store_peer three[] = { { 1, "c1", "127.0.0.1:1" },
		{ 2, "c2", "127.0.0.1:2" }, { 3, "c3", "127.0.0.1:3" } };
	struct store_config config;
	uint64_t until;
	struct owner o;
	char *why = NULL;

	owner_init(&o);
	owner_open(&o);
	for (unsigned i = 1; i <= 10; i++)
		owner_add(&o, i);
	run_until(&o.loop, o.results == 10);
	owner_close(&o);

	for (unsigned round = 0; round < 2; round++) {
		config = config_of(&o);
		config.peers = three;
		config.n_peers = 3;
		config.recover = !round; /* once, to get there; then as after a power cut */
		config.election_ms = 100;
		o.role = STORE_FOLLOWER;
		uv_loop_init(&o.loop);
		cr_assert_eq(
			store_open(&o.loop, &config, &handler, &o, &o.store, &why), 0, "%s", why);
		until = uv_hrtime() + 600000000;
		while (uv_hrtime() < until) {
			uv_run(&o.loop, UV_RUN_NOWAIT);
			cr_assert_neq(o.role, STORE_LEADER, "one of three leads");
			usleep(5000);
		}
		owner_close(&o);
	}

	config = config_of(&o);
	config.recover = true;
	o.state = (struct sum){ 0 };
	uv_loop_init(&o.loop);
	cr_assert_eq(store_open(&o.loop, &config, &handler, &o, &o.store, &why), 0, "%s", why);
	run_until(&o.loop, o.role == STORE_LEADER && o.state.n == 10);
	cr_assert_eq(o.state.sum, 55);
	owner_add(&o, 7);
	run_until(&o.loop, o.results == 11);
	cr_assert_eq(o.status, 0);
	owner_close(&o);
	owner_done(&o);
}
