/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A voter whose disk is full, or fails: it acknowledges nothing that is not durable. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "edge/store.h"
#include "pki.h"

/* The tests' bodies run in a process of their own: what they do to it must not reach criterion. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                    \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

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

struct owner {
	uv_loop_t loop;
	uv_timer_t tick;
	struct store *store;
	enum store_role role;
	unsigned results, good, ticks;
	int status;
	char failure[256];
};

static void on_commit(void *ctx, uint64_t index, uint64_t term, const void *data, size_t len)
{
}

static void on_role(void *ctx, enum store_role role, uint64_t term, unsigned leader)
{
	((struct owner *)ctx)->role = role;
}

static void on_result(void *ctx, void *cookie, int status, uint64_t index)
{
	struct owner *o = ctx;

	o->results++;
	o->good += !status;
	o->status = status;
}

static void on_failure(void *ctx, const char *why)
{
	snprintf(((struct owner *)ctx)->failure, 256, "%s", why);
}

static void on_tick(uv_timer_t *timer)
{
	must(++((struct owner *)timer->data)->ticks < 4000);
}

static void owner_open(struct owner *o, const char *dir)
{
	static const struct store_handler handler = { on_commit, on_commit, on_role, on_result,
		on_failure };
	static const struct store_peer alone = { 1, "c1", "127.0.0.1:1" };
	struct store_config config = { .dir = dir,
		.id = 1,
		.peers = &alone,
		.n_peers = 1,
		.bootstrap = true,
		.machine = &machine };
	char *why = NULL;
	int r;

	memset(o, 0, sizeof(*o));
	uv_loop_init(&o->loop);
	uv_timer_init(&o->loop, &o->tick);
	o->tick.data = o;
	uv_timer_start(&o->tick, on_tick, 5, 5);
	r = store_open(&o->loop, &config, &handler, o, &o->store, &why);
	if (r)
		fprintf(stderr, "%s\n", why);
	must(!r);
	while (o->role != STORE_LEADER)
		uv_run(&o->loop, UV_RUN_ONCE);
}

static int owner_write(struct owner *o, size_t len)
{
	owned(free) char *data = own_alloc(len);
	unsigned before = o->results;

	must(!store_propose(o->store, 0, data, len, NULL));
	while (o->results == before && !*o->failure)
		uv_run(&o->loop, UV_RUN_ONCE);
	return *o->failure ? -EIO : o->status;
}

static void run(void (*body)(const char *dir))
{
	char dir[] = "/tmp/picket-disk-XXXXXX";
	owned(free) char *command = NULL;
	int status;
	pid_t pid;

	cr_assert(mkdtemp(dir));
	command = own_printf("rm -rf %s", dir);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		body(dir);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(system(command), 0);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
}

/* From here on every write and sync of this process fails. */
static void disk_breaks(void)
{
	static const int calls[] = { SYS_io_submit, SYS_pwritev, SYS_pwritev2, SYS_pwrite64,
		SYS_fsync, SYS_fdatasync };
	struct sock_filter code[16] = { BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)) };
	struct sock_fprog program = { .filter = code };
	unsigned n = sizeof(calls) / sizeof(*calls);

	for (unsigned i = 0; i < n; i++)
		code[1 + i] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], (unsigned char)(n - i), 0);
	code[1 + n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[2 + n] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO);
	program.len = (unsigned short)(n + 3);
	must(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(!syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program));
}

static void failing(const char *dir)
{
	struct owner o;

	owner_open(&o, dir);
	for (unsigned i = 0; i < 20; i++)
		must(!owner_write(&o, 100));
	disk_breaks();
	must(owner_write(&o, 100) == -EIO);
	must(o.good == 20);
	must(strstr(o.failure, "writing the log"));
	store_close(o.store); /* even then it ends */
}

static void full(const char *dir)
{
	owned(free) char *log = own_printf("%s/log", dir), *filler = own_printf("%s/filler", dir);
	static char block[65536];
	unsigned good = 0;
	struct owner o;
	int fd, r = 0;

	must(!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(!mount("tmpfs", dir, "tmpfs", 0, "size=24m"));
	owner_open(&o, log);
	must(!owner_write(&o, 100));
	fd = open(filler, O_WRONLY | O_CREAT, 0600);
	must(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	for (unsigned i = 0; !r && i < 1000; i++) {
		r = owner_write(&o, 60000);
		good += !r;
	}
	must(r == -ENOSPC);
	must(!*o.failure);
	must(!ftruncate(fd, 0));
	while ((r = owner_write(&o, 60000)) == -ENOSPC)
		uv_run(&o.loop, UV_RUN_ONCE);
	must(!r);
	store_close(o.store);
	uv_run(&o.loop, UV_RUN_NOWAIT);
	owner_open(&o, log);
	store_close(o.store);
	must(good > 0);
}

Test(store_raft, a_failing_disk_ends_the_voter)
{
	run(failing);
}

Test(store_raft, a_full_disk_refuses_and_recovers)
{
	if (geteuid())
		cr_skip("needs root: mounts a small file system");
	run(full);
}
