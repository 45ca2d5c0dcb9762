/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several voters, each a process of its own, killed and stopped while one writes. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "edge/store.h"
#include "pki.h"

#define VOTERS_MAX 5
#define NUMBERS_MAX 65536
#define WAIT_MS 20000

/* In the voters' processes criterion's assertions would hang. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

/* The state: which numbers were written. */
struct numbers {
	uint8_t seen[NUMBERS_MAX / 8];
	uint32_t n;
};

static void *numbers_new(void)
{
	return own_new(struct numbers);
}

static void numbers_apply(
	void *machine, uint64_t index, uint64_t term, const void *data, size_t len)
{
	struct numbers *s = machine;
	uint32_t number = 0;

	must(len == sizeof(number));
	memcpy(&number, data, sizeof(number));
	must(number < NUMBERS_MAX);
	s->n += !(s->seen[number / 8] & 1 << number % 8);
	s->seen[number / 8] |= (uint8_t)(1 << number % 8);
}

static int numbers_snapshot(void *machine, void **ret_data, size_t *ret_len)
{
	*ret_data = own_alloc(sizeof(struct numbers));
	memcpy(*ret_data, machine, sizeof(struct numbers));
	*ret_len = sizeof(struct numbers);
	return 0;
}

static int numbers_restore(void *machine, const void *data, size_t len)
{
	must(len == sizeof(struct numbers));
	memcpy(machine, data, len);
	return 0;
}

static const struct store_machine numbers_machine = { numbers_new, free, numbers_apply,
	numbers_snapshot, numbers_restore };

/* What the test tells a voter, and what a voter reports. */
enum what {
	DO_WRITE,
	DO_TRANSFER,
	DO_HINT,
	DO_ADD,
	DO_VOTER,
	DO_REMOVE,
	DO_REPORT,
	DO_QUIT,
	ROLE,
	RESULT,
	REPORT,
	RESTORED
};

struct message {
	enum what what;
	uint32_t number;
	int status;
	enum store_role role;
	uint64_t term;
	unsigned leader;
	struct numbers numbers; /* of a report */
};

/* ---- a voter's process
 * ---------------------------------------------------------------------------- */

struct voter {
	uv_loop_t loop;
	uv_poll_t poll;
	struct store *store;
	struct numbers state;
	int fd;
	const struct store_peer *peers;
};

static void say(struct voter *v, const struct message *m)
{
	size_t len = m->what == REPORT ? sizeof(*m) : offsetof(struct message, numbers);

	must(send(v->fd, m, len, 0) == (ssize_t)len);
}

static void on_commit(void *ctx, uint64_t index, uint64_t term, const void *data, size_t len)
{
	numbers_apply(&((struct voter *)ctx)->state, index, term, data, len);
}

static void on_restore(void *ctx, uint64_t index, uint64_t term, const void *data, size_t len)
{
	struct message m = { .what = RESTORED };

	numbers_restore(&((struct voter *)ctx)->state, data, len);
	say(ctx, &m);
}

static void on_role(void *ctx, enum store_role role, uint64_t term, unsigned leader)
{
	struct message m = { .what = ROLE, .role = role, .term = term, .leader = leader };

	say(ctx, &m);
}

static void on_result(void *ctx, void *cookie, int status, uint64_t index)
{
	struct message m = {
		.what = RESULT, .number = (uint32_t)(uintptr_t)cookie, .status = status
	};

	say(ctx, &m);
}

static void on_failure(void *ctx, const char *why)
{
	abort();
}

static void on_order(uv_poll_t *poll, int status, int events)
{
	struct voter *v = poll->data;
	struct message m, report = { .what = REPORT };

	if (recv(v->fd, &m, sizeof(m), 0) <= 0)
		_exit(0);
	switch (m.what) {
	case DO_WRITE:
		must(!store_propose(
			v->store, 0, &m.number, sizeof(m.number), (void *)(uintptr_t)m.number));
		break;
	case DO_TRANSFER:
		store_transfer(v->store, m.number, NULL);
		break;
	case DO_HINT:
		store_leader_silent(v->store);
		break;
	case DO_ADD:
		store_add(v->store, &v->peers[m.number - 1], NULL);
		break;
	case DO_VOTER:
		store_assign(v->store, m.number, true, NULL);
		break;
	case DO_REMOVE:
		store_remove(v->store, m.number, NULL);
		break;
	case DO_REPORT:
		report.numbers = v->state;
		say(v, &report);
		break;
	default:
		store_close(v->store);
		_exit(0);
	}
}

struct rig {
	struct pki pki;
	struct store_peer peers[VOTERS_MAX];
	char dirs[VOTERS_MAX][64];
	pid_t pids[VOTERS_MAX];
	int fds[VOTERS_MAX];
	unsigned n; /* first voters */
	unsigned election_ms;
	unsigned leader[VOTERS_MAX]; /* as each of them believes */
	enum store_role role[VOTERS_MAX];
	unsigned restored[VOTERS_MAX];
	struct message last[VOTERS_MAX]; /* last result or report */
	unsigned results[VOTERS_MAX], reports[VOTERS_MAX];
};

static void voter_main(struct rig *rig, unsigned i, int fd)
{
	static const struct store_handler handler = { on_commit, on_restore, on_role, on_result,
		on_failure };
	struct voter *v = own_new(struct voter);
	owned(free) char *pki = own_printf("%s/%s", rig->pki.dir, rig->peers[i].name);
	struct store_config config = {
		.dir = rig->dirs[i],
		.id = i + 1,
		.listen = rig->peers[i].address,
		.peers = rig->peers,
		.n_peers = i < rig->n ? rig->n : VOTERS_MAX,
		.bootstrap = i < rig->n,
		.election_ms = rig->election_ms,
		.snapshot_entries = 128,
		.realtime = true, /* where permitted; elsewhere without */
		.machine = &numbers_machine,
	};
	char *why = NULL;
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	must(!identity_load(pki, &config.identity, &why));
	uv_loop_init(&v->loop);
	v->fd = fd;
	v->peers = rig->peers;
	uv_poll_init(&v->loop, &v->poll, fd);
	v->poll.data = v;
	uv_poll_start(&v->poll, UV_READABLE, on_order);
	r = store_open(&v->loop, &config, &handler, v, &v->store, &why);
	if (r) {
		fprintf(stderr, "voter %u: %s\n", i + 1, why);
		abort();
	}
	uv_run(&v->loop, UV_RUN_DEFAULT);
	_exit(0);
}

/* ---- the test's side
 * ------------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void voter_start(struct rig *rig, unsigned i)
{
	int fd[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
	rig->pids[i] = fork();
	if (!rig->pids[i]) {
		for (unsigned k = 0; k < VOTERS_MAX; k++)
			if (rig->fds[k] > 0)
				close(rig->fds[k]);
		voter_main(rig, i, fd[1]);
	}
	close(fd[1]);
	rig->fds[i] = fd[0];
	rig->leader[i] = 0;
	rig->role[i] = STORE_FOLLOWER;
}

static void voter_kill(struct rig *rig, unsigned i)
{
	kill(rig->pids[i], SIGKILL);
	cr_assert_eq(waitpid(rig->pids[i], NULL, 0), rig->pids[i]);
	close(rig->fds[i]);
	rig->fds[i] = -1;
	rig->leader[i] = 0;
	rig->role[i] = STORE_FOLLOWER;
}

static void voter_tell(struct rig *rig, unsigned i, enum what what, unsigned number)
{
	struct message m = { .what = what, .number = number };

	cr_assert_eq(send(rig->fds[i], &m, sizeof(m), 0), (ssize_t)sizeof(m));
}

static void rig_hear(struct rig *rig, unsigned i)
{
	struct message m = { 0 };

	cr_assert_gt(recv(rig->fds[i], &m, sizeof(m), 0), 0, "voter %u has ended", i + 1);
	switch (m.what) {
	case ROLE:
		rig->role[i] = m.role;
		rig->leader[i] = m.leader;
		break;
	case RESULT:
		rig->results[i]++;
		rig->last[i] = m;
		break;
	case RESTORED:
		rig->restored[i]++;
		break;
	default:
		rig->reports[i]++;
		rig->last[i] = m;
	}
}

/* Hears what there is, for at most ms. */
static void rig_poll(struct rig *rig, int ms)
{
	struct pollfd p[VOTERS_MAX];

	for (unsigned i = 0; i < VOTERS_MAX; i++)
		p[i] = (struct pollfd){ .fd = rig->fds[i] > 0 ? rig->fds[i] : -1,
			.events = POLLIN };
	poll(p, VOTERS_MAX, ms);
	for (unsigned i = 0; i < VOTERS_MAX; i++)
		if (p[i].revents)
			rig_hear(rig, i);
}

#define rig_until(rig, condition)                                                                  \
	do {                                                                                       \
		uint64_t rig_end = now_ms() + WAIT_MS;                                             \
		while (!(condition)) {                                                             \
			cr_assert_lt(now_ms(), rig_end, "still waiting for " #condition);          \
			rig_poll(rig, 20);                                                         \
		}                                                                                  \
	} while (0)

static unsigned free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	getsockname(fd, (struct sockaddr *)&at, &len);
	close(fd);
	return ntohs(at.sin_port);
}

static void rig_init(struct rig *rig, unsigned n, unsigned election_ms)
{
	memset(rig, 0, sizeof(*rig));
	pki_init(&rig->pki);
	rig->n = n;
	rig->election_ms = election_ms;
	for (unsigned i = 0; i < VOTERS_MAX; i++) {
		rig->peers[i].id = i + 1;
		rig->peers[i].name = own_printf("c%u", i + 1);
		rig->peers[i].address = own_printf("127.0.0.1:%u", free_port());
		snprintf(rig->dirs[i], sizeof(rig->dirs[i]), "%s/log%u", rig->pki.dir, i + 1);
		identity_free(pki_identity(&rig->pki, rig->peers[i].name, IDENTITY_CONTROLLER));
	}
	for (unsigned i = 0; i < n; i++)
		voter_start(rig, i);
}

static void rig_done(struct rig *rig)
{
	for (unsigned i = 0; i < VOTERS_MAX; i++) {
		if (rig->fds[i] > 0) {
			voter_tell(rig, i, DO_QUIT, 0);
			cr_assert_eq(waitpid(rig->pids[i], NULL, 0), rig->pids[i]);
			close(rig->fds[i]);
		}
		free((char *)rig->peers[i].name);
		free((char *)rig->peers[i].address);
	}
	pki_done(&rig->pki);
}

/* The voter that leads and that a majority of the living follows; VOTERS_MAX: none. */
static unsigned rig_leader(struct rig *rig)
{
	for (unsigned i = 0; i < VOTERS_MAX; i++) {
		unsigned followers = 0;

		if (rig->fds[i] <= 0 || rig->role[i] != STORE_LEADER)
			continue;
		for (unsigned k = 0; k < VOTERS_MAX; k++)
			followers += rig->fds[k] > 0 && rig->leader[k] == i + 1;
		if (followers > rig->n / 2)
			return i;
	}
	return VOTERS_MAX;
}

/* Writes one number through whoever leads, until it is acknowledged. */
static void rig_write(struct rig *rig, unsigned number)
{
	uint64_t until = now_ms() + WAIT_MS;

	for (;;) {
		unsigned before, i;

		cr_assert_lt(now_ms(), until, "no write of %u", number);
		i = rig_leader(rig);
		if (i == VOTERS_MAX) {
			rig_poll(rig, 20);
			continue;
		}
		before = rig->results[i];
		voter_tell(rig, i, DO_WRITE, number);
		while (rig->results[i] == before && rig->fds[i] > 0 && now_ms() < until)
			rig_poll(rig, 20);
		if (rig->results[i] != before && !rig->last[i].status)
			return;
	}
}

static void rig_demand(struct rig *rig, unsigned i, unsigned n)
{
	uint64_t until = now_ms() + WAIT_MS;

	for (;;) {
		unsigned before = rig->reports[i], missing = 0;

		cr_assert_lt(now_ms(), until, "voter %u never saw all of %u", i + 1, n);
		voter_tell(rig, i, DO_REPORT, 0);
		rig_until(rig, rig->reports[i] != before);
		for (unsigned k = 1; k <= n; k++)
			missing += !(rig->last[i].numbers.seen[k / 8] & 1 << k % 8);
		if (!missing)
			return;
	}
}

Test(store_wire, three_voters_agree)
{
	struct rig rig;

	rig_init(&rig, 3, 300);
	for (unsigned k = 1; k <= 200; k++)
		rig_write(&rig, k);
	for (unsigned i = 0; i < 3; i++)
		rig_demand(&rig, i, 200);
	rig_done(&rig);
}

Test(store_wire, a_killed_leader_is_replaced_and_comes_back)
{
	uint64_t at, took, worst = 0;
	unsigned k = 0, leader;
	struct rig rig;

	rig_init(&rig, 3, 300);
	for (unsigned round = 0; round < 6; round++) {
		for (unsigned end = k + 40; k < end;)
			rig_write(&rig, ++k);
		leader = rig_leader(&rig);
		at = now_ms();
		voter_kill(&rig, leader);
		rig_write(&rig, ++k);
		took = now_ms() - at;
		worst = took > worst ? took : worst;
		voter_start(&rig, leader);
		rig_until(&rig, rig.leader[leader]);
	}
	for (unsigned i = 0; i < 3; i++)
		rig_demand(&rig, i, k);
	cr_log_info(
		"%u acknowledged writes over 6 killed leaders, none lost; next write after at most "
		"%llu ms",
		k, (unsigned long long)worst);
	rig_done(&rig);
}

Test(store_wire, a_hint_about_a_hung_leader_saves_the_timeout)
{
	uint64_t at, took;
	unsigned leader;
	struct rig rig;

	rig_init(&rig, 3, 2000);
	rig_write(&rig, 1);
	leader = rig_leader(&rig);
	kill(rig.pids[leader], SIGSTOP);
	at = now_ms();
	rig.role[leader] = STORE_FOLLOWER;
	for (unsigned i = 0; i < 3; i++)
		if (i != leader)
			voter_tell(&rig, i, DO_HINT, 0);
	rig_until(&rig, rig_leader(&rig) != VOTERS_MAX);
	rig_write(&rig, 2);
	took = now_ms() - at;
	cr_log_info("next write after %llu ms, timeout 2000 ms", (unsigned long long)took);
	cr_assert_lt(took, 1500);
	kill(rig.pids[leader], SIGCONT);
	rig_until(&rig, rig.role[leader] == STORE_FOLLOWER && rig.leader[leader] &&
				rig.leader[leader] != leader + 1);
	rig_demand(&rig, leader, 2);
	rig_done(&rig);
}

Test(store_wire, who_was_away_long_gets_a_snapshot)
{
	unsigned away, k = 0;
	struct rig rig;

	rig_init(&rig, 3, 300);
	rig_write(&rig, ++k);
	away = (rig_leader(&rig) + 1) % 3;
	voter_kill(&rig, away);
	rig.restored[away] = 0;
	while (k < 600)
		rig_write(&rig, ++k);
	voter_start(&rig, away);
	rig_demand(&rig, away, k);
	cr_assert_geq(rig.restored[away], 1);
	rig_done(&rig);
}

Test(store_wire, no_majority_no_acknowledgement)
{
	unsigned leader, results;
	struct rig rig;

	rig_init(&rig, 3, 300);
	rig_write(&rig, 1);
	leader = rig_leader(&rig);
	for (unsigned i = 0; i < 3; i++)
		if (i != leader)
			voter_kill(&rig, i);
	results = rig.results[leader];
	voter_tell(&rig, leader, DO_WRITE, 2);
	rig_until(&rig, rig.results[leader] != results);
	cr_assert_eq(rig.last[leader].status, -EINPROGRESS, "%d", rig.last[leader].status);
	cr_assert_eq(rig.role[leader], STORE_FOLLOWER, "it has stepped down");
	rig_done(&rig);
}

static int ask(struct rig *rig, enum what what, unsigned number)
{
	unsigned leader, before;

	rig_until(rig, rig_leader(rig) != VOTERS_MAX);
	leader = rig_leader(rig);
	before = rig->results[leader];
	voter_tell(rig, leader, what, number);
	rig_until(rig, rig->results[leader] != before);
	return rig->last[leader].status;
}

Test(store_wire, voters_join_and_leave)
{
	struct rig rig;
	unsigned k = 0;

	rig_init(&rig, 3, 300);
	while (k < 50)
		rig_write(&rig, ++k);
	voter_start(&rig, 3);
	cr_assert_eq(ask(&rig, DO_ADD, 4), 0);
	cr_assert_eq(ask(&rig, DO_ADD, 4), -EEXIST);
	cr_assert_eq(ask(&rig, DO_VOTER, 4), 0);
	rig_write(&rig, ++k);
	rig_demand(&rig, 3, k);
	cr_assert_eq(ask(&rig, DO_TRANSFER, 4), 0);
	rig_until(&rig, rig_leader(&rig) == 3);
	rig_write(&rig, ++k);
	cr_assert_eq(ask(&rig, DO_REMOVE, 1), 0);
	voter_kill(&rig, 0);
	rig_write(&rig, ++k);
	for (unsigned i = 1; i < 4; i++)
		rig_demand(&rig, i, k);
	rig_done(&rig);
}
