/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine of the lab: namespaces of its own and a PID 1 that reaps.
 *
 *   lab_init NAME DIR WIRE-COMMAND...
 *
 * DIR/etc becomes /etc/picket, DIR/disk becomes /var/lib/picket (it survives a boot), /run is new.
 * WIRE-COMMAND is run outside, with the PID of the new machine appended, to plug its cables in.
 * "lab_init now" prints the clock all of the lab's logs use: CLOCK_BOOTTIME in ns.
 * DIR/etc/rc, if there is one, is run before the services: what else this machine needs at a boot.
 * DIR/services has one command a line; each is started again when it ends, as an init would. After
 * the word on-failure it stays away when it ended well: who left the cluster on an order.
 * SIGKILL to the machine's PID 1 is what pulling its power cord is: nothing of it is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SERVICES_MAX 16
#define RESTART_NS 100000000ULL

struct service {
	char command[512];
	pid_t pid;
	bool on_failure; /* not started again when it ended well */
	bool done;
	unsigned long long ended_ns;
};

static void die(const char *what)
{
	fprintf(stderr, "lab_init: %s: %s\n", what, strerror(errno));
	_exit(1);
}

static unsigned long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void bind_over(const char *dir, const char *sub, const char *target)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, sub);
	mkdir(target, 0755);
	if (mount(path, target, NULL, MS_BIND, NULL))
		die(target);
}

/* Every boot of a real machine has a boot id of its own; namespaces share the kernel's. */
static void boot_id_new(void)
{
	static const char path[] = "/run/boot_id";
	unsigned char b[16];
	FILE *f = fopen(path, "we");

	if (!f || getrandom(b, sizeof(b), 0) != sizeof(b))
		die(path);
	for (int i = 0; i < 16; i++)
		fprintf(f, "%02x%s", b[i], i == 3 || i == 5 || i == 7 || i == 9 ? "-" : "");
	fputc('\n', f);
	fclose(f);
	if (mount(path, "/proc/sys/kernel/random/boot_id", NULL, MS_BIND, NULL))
		die("/proc/sys/kernel/random/boot_id");
}

static void furnish(const char *name, const char *dir)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		die("/");
	if (mount("proc", "/proc", "proc", 0, NULL))
		die("/proc");
	if (mount("sysfs", "/sys", "sysfs", 0, NULL))
		die("/sys");
	if (mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL))
		die("/sys/fs/bpf");
	/* By now we are in the cgroup that was made for us: it becomes the machine's root. */
	if (unshare(CLONE_NEWCGROUP))
		die("cgroup namespace");
	if (mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, NULL))
		die("/sys/fs/cgroup");
	bind_over(dir, "etc", "/etc/picket");
	bind_over(dir, "disk", "/var/lib/picket");
	if (mount("tmpfs", "/run", "tmpfs", 0, "mode=755,size=64m"))
		die("/run");
	mkdir("/run/picket", 0755);
	mkdir("/run/lock", 0755);
	mkdir("/run/resource-agents", 0755);
	boot_id_new();
	if (sethostname(name, strlen(name)))
		die("sethostname");
}

/* Mounts and folders of its own, in its own namespaces. Its output goes to the console. */
static void rc_run(void)
{
	int status;
	pid_t pid;

	if (access("/etc/picket/rc", R_OK))
		return;
	pid = fork();
	if (!pid) {
		execl("/bin/sh", "sh", "-e", "/etc/picket/rc", NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die("/etc/picket/rc");
}

static void service_start(struct service *s, const char *name)
{
	sigset_t none;
	char log[600];
	int fd;

	s->pid = fork();
	if (s->pid < 0)
		die("fork");
	if (s->pid)
		return;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	snprintf(log, sizeof(log), "/var/lib/picket/%s.log", name);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd >= 0) {
		dup2(fd, 1);
		dup2(fd, 2);
	}
	fd = open("/dev/null", O_RDONLY);
	dup2(fd, 0);
	closefrom(3);
	execl("/bin/sh", "sh", "-c", s->command, NULL);
	_exit(127);
}

static size_t services_read(const char *dir, struct service *services)
{
	char path[512];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/services", dir);
	f = fopen(path, "re");
	if (!f)
		die(path);
	while (n < SERVICES_MAX && fgets(services[n].command, sizeof(services[n].command), f)) {
		char *command = services[n].command;

		command[strcspn(command, "\n")] = 0;
		services[n].on_failure = !strncmp(command, "on-failure ", 11);
		if (services[n].on_failure)
			memmove(command, command + 11, strlen(command + 11) + 1);
		if (command[0] && command[0] != '#')
			n++;
	}
	fclose(f);
	return n;
}

static int machine(const char *name, struct service *services, size_t n)
{
	struct timespec tick = { 0, RESTART_NS / 2 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (;;) {
		bool waiting = false;
		siginfo_t info;
		int status;
		pid_t pid;

		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			for (size_t i = 0; i < n; i++)
				if (services[i].pid == pid) {
					services[i].pid = 0;
					services[i].done =
						services[i].on_failure && !status;
					services[i].ended_ns = now_ns();
				}
		for (size_t i = 0; i < n; i++) {
			if (services[i].pid || services[i].done)
				continue;
			if (now_ns() - services[i].ended_ns >= RESTART_NS)
				service_start(&services[i], name);
			else
				waiting = true;
		}
		if (sigtimedwait(&set, &info, waiting ? &tick : NULL) == SIGTERM)
			return 0;
	}
}

int main(int argc, char **argv)
{
	static struct service services[SERVICES_MAX];
	int ready[2], status;
	char pid_text[32];
	size_t n;
	pid_t pid, wire;
	char go;

	if (argc == 2 && !strcmp(argv[1], "now")) {
		printf("%llu\n", now_ns());
		return 0;
	}
	if (argc < 4) {
		fprintf(stderr, "usage: lab_init NAME DIR WIRE-COMMAND...\n");
		return 2;
	}
	n = services_read(argv[2], services);
	if (pipe2(ready, O_CLOEXEC))
		die("pipe");
	pid = syscall(SYS_clone,
		CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | SIGCHLD,
		NULL, NULL, NULL, 0);
	if (pid < 0)
		die("clone");
	if (!pid) {
		close(ready[1]);
		if (read(ready[0], &go, 1) != 1)
			_exit(1);
		furnish(argv[1], argv[2]);
		rc_run();
		_exit(machine(argv[1], services, n));
	}
	snprintf(pid_text, sizeof(pid_text), "%d", pid);
	wire = fork();
	if (!wire) {
		char **args = calloc(argc, sizeof(*args));

		for (int i = 3; i < argc; i++)
			args[i - 3] = argv[i];
		args[argc - 3] = pid_text;
		execvp(args[0], args);
		_exit(127);
	}
	if (waitpid(wire, &status, 0) != wire || status || write(ready[1], "g", 1) != 1) {
		kill(pid, SIGKILL);
		fprintf(stderr, "lab_init: %s: could not be plugged in\n", argv[1]);
		return 1;
	}
	/* The launcher stays as the machine's parent, so that its PID is reaped at once. */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return 0;
}
