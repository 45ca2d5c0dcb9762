/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hand: what picket-agent and its BPF programs are to the module, in small, for guests.
 *
 *   hand agent KEY=VALUE...   configures, arms with the first lease, then shows signs of life
 *   hand pager KEY=VALUE...   takes grants and writes them into the lease page, as BPF does; with
 *                             page=no it renews by the ioctl instead
 *   hand state                what the module says, as KEY=VALUE lines
 *   hand release INCARNATION | configure KEY=VALUE... | renew SEQ AHEAD_MS | arm
 *   hand attack random|far|frozen|torn    writes into the lease page what no BPF would
 *   hand page                 makes the lease page and pins it
 *   hand insmod NAME [ARGS] | rmmod NAME [force] | cycles N
 *   hand hog [fifo]           one thread a CPU, for ever
 *   hand eat                  all memory
 *   hand signal NAME PID|-1|COMMAND | upgrade PROGRAM   the latter: the same in another file
 *   hand freeze PID | cat FILE | write FILE TEXT
 *   hand find FOLDER TEXT     the lines of its files that have TEXT; status 1: none
 *   hand settle               gives back what the kernel only keeps for later
 *   hand uevents              what the kernel says to udev, to the console
 *   hand tsc                  how fast this machine's cycle counter is, in kHz
 *   hand daemon PROGRAM ARGS  runs it again and again, as an init would, on the console
 *   hand feed DEVICE SECONDS  opens a watchdog, and lets it starve
 *
 * By the name of holder it is an OCF agent; what it starts says so to BEACON every 20 ms.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <linux/watchdog.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <picket/door.h>
#include <picket/wire.h>

#define BEACON "10.9.0.1"
#define BEACON_PORT 7999
#define HOLDER "/run/holder.pid"
#define PIN "/sys/fs/bpf/page"
#define MS 1000000ULL

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static int fail(const char *what)
{
	printf("hand: %s: %s\n", what, strerror(errno));
	return errno ? errno : 1;
}

static const char *value_of(char **arguments, const char *key, const char *initial)
{
	for (; *arguments; arguments++)
		if (!strncmp(*arguments, key, strlen(key)) && (*arguments)[strlen(key)] == '=')
			return *arguments + strlen(key) + 1;
	return initial;
}

static uint64_t number_of(char **arguments, const char *key, const char *initial)
{
	return strtoull(value_of(arguments, key, initial), NULL, 10);
}

/* ---- the page ------------------------------------------------------------------------------ */

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* The pinned array, made when it is not there yet. */
static struct picket_lease_page *page_map(void)
{
	union bpf_attr attr = { .pathname = (uint64_t)(uintptr_t)PIN };
	static void *p;
	int fd;

	if (p)
		return p;
	fd = bpf(BPF_OBJ_GET, &attr);
	if (fd < 0) {
		attr = (union bpf_attr){ .map_type = BPF_MAP_TYPE_ARRAY,
			.key_size = 4,
			.value_size = sizeof(struct picket_lease_page),
			.max_entries = 1,
			.map_flags = BPF_F_MMAPABLE };
		fd = bpf(BPF_MAP_CREATE, &attr);
		attr = (union bpf_attr){ .pathname = (uint64_t)(uintptr_t)PIN,
			.bpf_fd = (uint32_t)fd };
		if (fd < 0 || bpf(BPF_OBJ_PIN, &attr) < 0)
			exit(fail("page"));
	}
	p = mmap(NULL, sizeof(struct picket_lease_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		exit(fail("mmap"));
	return p;
}

static void page_write(struct picket_lease_page *p, uint64_t incarnation, uint64_t deadline)
{
	__atomic_fetch_add(&p->seq, 1, __ATOMIC_SEQ_CST);
	p->incarnation = incarnation;
	p->deadline_ns = deadline;
	__atomic_fetch_add(&p->seq, 1, __ATOMIC_SEQ_CST);
}

/* The second largest: two of three have granted that. */
static uint64_t second(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t low = a < b ? a : b, high = a < b ? b : a;

	return c < low ? low : c < high ? c : high;
}

static int door_open(void)
{
	int fd = open("/dev/picket", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		exit(fail("/dev/picket"));
	return fd;
}

static int pager(char **arguments)
{
	bool paged = strcmp(value_of(arguments, "page", "yes"), "no");
	struct picket_lease_page *page = paged ? page_map() : NULL;
	struct picket_door_renewal renewal = { 0 };
	int door = paged ? -1 : door_open();
	uint64_t incarnation = number_of(arguments, "incarnation", "1");
	uint64_t lease = number_of(arguments, "lease", "3000") * MS;
	struct sockaddr_in6 any = { .sin6_family = AF_INET6,
		.sin6_port = htons(PICKET_PORT_HEARTBEAT) };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t expiry[3] = { 0 };
	struct picket_wire w;

	if (bind(fd, (struct sockaddr *)&any, sizeof(any)))
		return fail("bind");
	for (;;) {
		uint64_t deadline;

		if (recv(fd, &w, sizeof(w), 0) != sizeof(w) || w.type != PICKET_WIRE_GRANT ||
			w.incarnation != incarnation || w.controller > 2)
			continue;
		expiry[w.controller] = w.t_send_ns + lease;
		deadline = second(expiry[0], expiry[1], expiry[2]);
		if (paged && deadline > page->deadline_ns)
			page_write(page, incarnation, deadline);
		if (paged || deadline <= renewal.deadline_ns)
			continue;
		renewal = (struct picket_door_renewal){ incarnation, renewal.seq + 1, deadline };
		ioctl(door, PICKET_DOOR_RENEW, &renewal); /* refused before it is configured */
	}
}

/* ---- the agent ----------------------------------------------------------------------------- */

static int configure(int door, char **arguments)
{
	static const char *const verdicts[] = { "", "reboot", "panic", "poweroff", "isolate" };
	const char *verdict = value_of(arguments, "verdict", "reboot");
	struct picket_door_config c = {
		.version = (uint32_t)number_of(arguments, "version", "1"),
		.cluster = number_of(arguments, "cluster", "7"),
		.node = (uint32_t)number_of(arguments, "node", "1"),
		.incarnation = number_of(arguments, "incarnation", "1"),
		.interval_us = (uint32_t)number_of(arguments, "interval", "100") * 1000,
		.lease_max_ns = number_of(arguments, "lease", "3000") * MS,
		.agent_max_ns = number_of(arguments, "agent", "3000") * MS,
		.warn_ns = number_of(arguments, "warn", "1000") * MS,
		.kill_ns = number_of(arguments, "kill", "500") * MS,
	};

	for (uint32_t i = 0; i < 5; i++)
		if (!strcmp(verdict, verdicts[i]))
			c.verdict = i;
	if (strcmp(value_of(arguments, "page", "yes"), "no"))
		c.page = (uint64_t)(uintptr_t)page_map();
	return ioctl(door, PICKET_DOOR_CONFIGURE, &c) ? fail("configure") : 0;
}

static int address(const char *text, uint8_t *to)
{
	memset(to, 0, 16);
	to[10] = to[11] = 0xff;
	return inet_pton(AF_INET, text, to + 12) == 1 || inet_pton(AF_INET6, text, to) == 1;
}

/* controllers=A,B,C is link 0; controllers6= is link 1. Key of controller i: 16 bytes of i + 1. */
static int links(int door, char **arguments)
{
	static const char *const names[] = { "controllers", "controllers6" };
	struct picket_door_links l = { 0 };

	for (uint8_t link = 0; link < 2; link++) {
		char *list = strdup(value_of(arguments, names[link], "")), *one;

		for (uint8_t i = 0; (one = strsep(&list, ",")); i++) {
			struct picket_door_channel *c = &l.channel[l.n];
			struct picket_door_key key = { .controller = i, .epoch = 1 };

			memset(key.key, i + 1, sizeof(key.key));
			if (!*one || !address(one, c->address))
				continue;
			c->ifindex = if_nametoindex("eth0");
			c->port = PICKET_PORT_HEARTBEAT;
			c->controller = i;
			c->link = link;
			l.n++;
			if (ioctl(door, PICKET_DOOR_KEY, &key))
				return fail("key");
		}
	}
	return ioctl(door, PICKET_DOOR_LINKS, &l) ? fail("links") : 0;
}

static int agent(char **arguments)
{
	uint64_t interval = number_of(arguments, "interval", "100") * 1000;
	int door = door_open(), rc = configure(door, arguments);

	if (!rc)
		rc = links(door, arguments);
	if (rc)
		return rc;
	while (ioctl(door, PICKET_DOOR_ARM)) {
		if (errno != ENODATA)
			return fail("arm");
		usleep(20000);
	}
	for (;;) {
		ioctl(door, PICKET_DOOR_ALIVE);
		usleep((useconds_t)interval);
	}
}

static int state(void)
{
	struct picket_door_state s;

	if (ioctl(door_open(), PICKET_DOOR_STATE, &s))
		return fail("state");
#define SAY(field) printf(#field "=%llu\n", (unsigned long long)s.field)
	SAY(phase);
	SAY(verdict);
	SAY(incarnation);
	SAY(paged);
	SAY(seq);
	SAY(beats);
	SAY(probes);
	SAY(failed);
	SAY(skipped);
	SAY(late_max_ns);
	SAY(relayed);
	SAY(renewals);
	SAY(torn);
	SAY(clamped);
	SAY(warnings);
	printf("left_ms=%lld\n", ((long long)s.deadline_ns - (long long)now_ns()) / 1000000);
	return 0;
}

static int renew(char **words)
{
	struct picket_door_renewal r = { .incarnation = 1,
		.seq = strtoull(words[0], NULL, 10),
		.deadline_ns = now_ns() + strtoull(words[1], NULL, 10) * MS };

	return ioctl(door_open(), PICKET_DOOR_RENEW, &r) ? fail("renew") : 0;
}

static int release(const char *incarnation)
{
	uint64_t i = strtoull(incarnation, NULL, 10);

	return ioctl(door_open(), PICKET_DOOR_RELEASE, &i) ? fail("release") : 0;
}

static int attack(const char *how)
{
	struct picket_lease_page *p = page_map();
	uint64_t random[6];

	for (;;) {
		if (!strcmp(how, "random")) {
			getrandom(random, sizeof(random), 0);
			memcpy(p, random, sizeof(random));
		} else if (!strcmp(how, "torn")) {
			p->seq |= 1;
		} else if (!strcmp(how, "frozen")) {
			p->deadline_ns = now_ns() + 1000000 * MS;
		} else {
			page_write(p, 1, now_ns() + 1000000 * MS);
			return 0; /* once: from then on nothing renews */
		}
		usleep(1000);
	}
}

/* ---- the machine --------------------------------------------------------------------------- */

static int insmod(const char *name, const char *arguments)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "/lib/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 || syscall(SYS_finit_module, fd, arguments, 0) ? fail(path) : 0;
}

static int rmmod(const char *name, bool force)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK | (force ? O_TRUNC : 0)) ? fail(name)
										    : 0;
}

/* load, configure, arm, release, unload */
static int cycles(int n, char **arguments)
{
	struct picket_lease_page *page = page_map();
	uint64_t incarnation = number_of(arguments, "incarnation", "1");

	for (int i = 0; i < n; i++) {
		int door;

		if (insmod("picket", ""))
			return 1;
		door = door_open();
		page_write(page, incarnation, now_ns() + 2000 * MS);
		if (configure(door, arguments) || links(door, arguments))
			return 1;
		if (ioctl(door, PICKET_DOOR_ARM) || ioctl(door, PICKET_DOOR_RELEASE, &incarnation))
			return fail("cycle");
		close(door);
		if (rmmod("picket", false))
			return 1;
	}
	return 0;
}

static void *burn(void *unused)
{
	for (;;)
		;
	return NULL;
}

static _Noreturn void hog(bool fifo)
{
	struct sched_param top = { .sched_priority = 99 };
	cpu_set_t one;
	pthread_t t;

	/* made first: from the first hog on nobody else may come to run */
	for (long i = sysconf(_SC_NPROCESSORS_ONLN) - 1; i >= 0; i--) {
		pthread_attr_t a;

		pthread_attr_init(&a);
		CPU_ZERO(&one);
		CPU_SET(i, &one);
		pthread_attr_setaffinity_np(&a, sizeof(one), &one);
		if (fifo) {
			pthread_attr_setinheritsched(&a, PTHREAD_EXPLICIT_SCHED);
			pthread_attr_setschedpolicy(&a, SCHED_FIFO);
			pthread_attr_setschedparam(&a, &top);
			sched_setscheduler(0, SCHED_FIFO, &top);
		}
		pthread_create(&t, &a, burn, NULL);
	}
	for (;;)
		pause();
}

static _Noreturn void eat(void)
{
	for (;;) {
		char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (p != MAP_FAILED)
			memset(p, 1, 1 << 20);
	}
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? fail(path) : 0;
}

static int freeze(const char *pid)
{
	mkdir("/sys/fs/cgroup/ice", 0755);
	return write_file("/sys/fs/cgroup/ice/cgroup.procs", pid) ||
	       write_file("/sys/fs/cgroup/ice/cgroup.freeze", "1");
}

static int cat(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[500];

	if (!f)
		return fail(path);
	while (fgets(line, sizeof(line), f))
		fputs(line, stdout);
	return 0;
}

static int find(const char *folder, const char *text)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	int found = 0;

	while (d && (entry = readdir(d))) {
		char path[600], line[2000];
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		f = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
		while (f && fgets(line, sizeof(line), f))
			if (strstr(line, text)) {
				printf("%s: %s", entry->d_name, line);
				found++;
			}
		if (f)
			fclose(f);
	}
	return d && found ? 0 : 1;
}

/* Slabs keep empty pages, and RCU what it has not come round to. */
static int settle(void)
{
	DIR *d = opendir("/sys/kernel/slab");
	struct dirent *entry;

	sleep(1);
	sync();
	write_file("/proc/sys/vm/drop_caches", "3");
	while (d && (entry = readdir(d))) {
		char path[600];

		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", entry->d_name);
		if (entry->d_name[0] != '.' && !access(path, W_OK))
			write_file(path, "1");
	}
	if (d)
		closedir(d);
	return 0;
}

static int uevents(void)
{
	struct sockaddr_nl all = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	FILE *console = fopen("/dev/console", "we");
	char text[4096];
	ssize_t len;

	if (fd < 0 || !console || bind(fd, (struct sockaddr *)&all, sizeof(all)))
		return fail("uevents");
	fputs("uevents: listening\n", console);
	fflush(console);
	while ((len = recv(fd, text, sizeof(text), 0)) > 0) {
		for (ssize_t i = 0; i < len - 1; i++)
			if (!text[i])
				text[i] = ' ';
		fprintf(console, "uevent: %.*s\n", (int)len, text);
		fflush(console);
	}
	return fail("uevents");
}

/* Both at once, as near as this machine lets us. */
static uint64_t tsc_at(uint64_t *ret_ns)
{
	uint64_t tsc = 0, nearest = UINT64_MAX;

	for (int i = 0; i < 1000; i++) {
		uint64_t before = now_ns(), t = __builtin_ia32_rdtsc(), after = now_ns();

		if (after - before >= nearest)
			continue;
		nearest = after - before;
		*ret_ns = before + nearest / 2;
		tsc = t;
	}
	return tsc;
}

static int tsc(void)
{
	uint64_t a_ns, b_ns, a = tsc_at(&a_ns), b;

	usleep(200000);
	b = tsc_at(&b_ns);
	printf("%llu\n", (unsigned long long)((b - a) * 1000000 / (b_ns - a_ns)));
	return 0;
}

static int feed(const char *device, int seconds)
{
	int fd = open(device, O_WRONLY);

	if (fd < 0 || ioctl(fd, WDIOC_SETTIMEOUT, &seconds) || ioctl(fd, WDIOC_KEEPALIVE, 0))
		return fail(device);
	printf("timeout=%d\n", seconds);
	fflush(stdout);
	for (;;)
		pause();
}

static int daemon_run(char **words)
{
	int fd = open("/dev/console", O_WRONLY | O_CLOEXEC);

	dup2(fd, 1);
	dup2(fd, 2);
	for (;;) {
		pid_t pid = fork();

		if (pid == 0) {
			execv(words[0], words);
			_exit(127);
		}
		while (waitpid(pid, NULL, 0) != pid)
			;
		usleep(100000);
	}
	return 0;
}

/* The process that runs the command; 0: none. */
static int pid_of(const char *command)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	int found = 0;

	while (d && !found && (entry = readdir(d))) {
		char path[300], comm[64] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		f = atoi(entry->d_name) > 1 ? fopen(path, "re") : NULL;
		if (f && fgets(comm, sizeof(comm), f)) {
			comm[strcspn(comm, "\n")] = '\0';
			found = strcmp(comm, command) ? 0 : atoi(entry->d_name);
		}
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
	return found;
}

static int send_signal(const char *name, const char *whom)
{
	int number = !strcmp(name, "stop")   ? SIGSTOP
		     : !strcmp(name, "cont") ? SIGCONT
		     : !strcmp(name, "term") ? SIGTERM
					     : SIGKILL;
	int pid = atoi(whom) ? atoi(whom) : pid_of(whom);

	if (!pid)
		errno = ESRCH;
	return !pid || kill(pid, number) ? fail(name) : 0;
}

/* As a package manager does: written beside it, then moved over it. */
static int upgrade(const char *program)
{
	char new[300], buffer[65536];
	int from = open(program, O_RDONLY | O_CLOEXEC), to;
	ssize_t n;

	snprintf(new, sizeof(new), "%s.new", program);
	to = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	while ((n = read(from, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, (size_t)n) != n)
			return fail(new);
	close(to);
	return from < 0 || n < 0 || rename(new, program) ? fail(program) : 0;
}

/* ---- a service ----------------------------------------------------------------------------- */

static int holder_pid(void)
{
	FILE *f = fopen(HOLDER, "re");
	int pid = 0;

	if (!f || fscanf(f, "%d", &pid) != 1 || kill(pid, 0))
		pid = 0;
	if (f)
		fclose(f);
	return pid;
}

static void holder_start(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(BEACON_PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	FILE *f;

	inet_pton(AF_INET, BEACON, &to.sin_addr);
	if (fork())
		return;
	setsid();
	close(0);
	close(1);
	close(2);
	f = fopen(HOLDER ".new", "we");
	fprintf(f, "%d", getpid());
	fclose(f);
	rename(HOLDER ".new", HOLDER);
	for (;;) {
		uint64_t now = now_ns();

		sendto(fd, &now, sizeof(now), 0, (struct sockaddr *)&to, sizeof(to));
		usleep(20000);
	}
}

static int holder(const char *what)
{
	int pid = holder_pid();

	if (!strcmp(what, "meta-data"))
		puts("<resource-agent name=\"holder\"><version>1.0</version><parameters/>"
		     "<actions><action name=\"start\" timeout=\"20s\"/>"
		     "<action name=\"stop\" timeout=\"20s\"/>"
		     "<action name=\"monitor\" timeout=\"20s\"/></actions></resource-agent>");
	else if (!strcmp(what, "start") && !pid)
		holder_start();
	else if (!strcmp(what, "stop") && pid)
		kill(pid, SIGKILL);
	else if (!strcmp(what, "monitor"))
		return pid ? 0 : 7;
	while (!strcmp(what, "start") && !holder_pid())
		usleep(1000);
	while (!strcmp(what, "stop") && holder_pid())
		usleep(1000);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "", *one = argc > 2 ? argv[2] : "";
	const char *two = argc > 3 ? argv[3] : "";
	int door;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strlen(argv[0]) >= 6 && !strcmp(argv[0] + strlen(argv[0]) - 6, "holder"))
		return holder(what);
	if (!strcmp(what, "agent"))
		return agent(argv + 2);
	if (!strcmp(what, "pager"))
		return pager(argv + 2);
	if (!strcmp(what, "state"))
		return state();
	if (!strcmp(what, "page"))
		return page_map() == NULL;
	if (!strcmp(what, "release"))
		return release(one);
	if (!strcmp(what, "configure"))
		return configure(door_open(), argv + 2);
	if (!strcmp(what, "renew") && argc == 4)
		return renew(argv + 2);
	if (!strcmp(what, "arm"))
		return door = door_open(), ioctl(door, PICKET_DOOR_ARM) ? fail("arm") : 0;
	if (!strcmp(what, "attack"))
		return attack(one);
	if (!strcmp(what, "insmod"))
		return insmod(one, two);
	if (!strcmp(what, "rmmod"))
		return rmmod(one, !strcmp(two, "force"));
	if (!strcmp(what, "cycles"))
		return cycles(atoi(one), argv + 3);
	if (!strcmp(what, "hog"))
		hog(!strcmp(one, "fifo"));
	if (!strcmp(what, "eat"))
		eat();
	if (!strcmp(what, "signal"))
		return send_signal(one, two);
	if (!strcmp(what, "upgrade"))
		return upgrade(one);
	if (!strcmp(what, "freeze"))
		return freeze(one);
	if (!strcmp(what, "cat"))
		return cat(one);
	if (!strcmp(what, "find"))
		return find(one, two);
	if (!strcmp(what, "settle"))
		return settle();
	if (!strcmp(what, "uevents"))
		return uevents();
	if (!strcmp(what, "tsc"))
		return tsc();
	if (!strcmp(what, "write"))
		return write_file(one, two);
	if (!strcmp(what, "daemon") && argc > 2)
		return daemon_run(argv + 2);
	if (!strcmp(what, "feed"))
		return feed(one, atoi(two));
	printf("hand: what is '%s'?\n", what);
	return 2;
}
