/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pulls cords of a machine of the lab, in a few milliseconds: what a fault costs is not measured.
 *
 *   lab_pull LAB MACHINE off        the power button: nothing of it is left; prints off
 *   lab_pull LAB MACHINE crash      as if its kernel had died: the same, but its power stays on
 *   lab_pull LAB MACHINE LINK...    the network cables: they stay out through a boot
 *
 * Cables are pulled first, so that no dying process gets a farewell out. They are taken away with
 * the machine's namespace, later; who boots it again waits for that.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define GONE_WITHIN_MS 30000

struct unplug {
	struct nlmsghdr head;
	struct ifinfomsg link;
	struct rtattr attribute;
	unsigned int master;
};

static char folder[128];

static void die(const char *what)
{
	fprintf(stderr, "lab_pull: %s: %s\n", what, strerror(errno));
	exit(1);
}

static const char *path_of(const char *file)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return path;
}

static void lock(const char *file)
{
	int fd = open(path_of(file), O_WRONLY | O_CREAT, 0644);

	if (fd < 0 || flock(fd, LOCK_EX))
		die(path_of(file));
}

static void write_to(const char *file, const char *mode, const char *text)
{
	FILE *f = fopen(path_of(file), mode);

	if (!f || fputs(text, f) < 0 || fclose(f))
		die(path_of(file));
}

static void enter_switches(const char *lab)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s-sw", lab);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

/* Takes a port off its bridge. A port that is not there any more is unplugged. */
static void unplug(int fd, const char *port)
{
	struct unplug m = {
		.head = { .nlmsg_len = sizeof(m),
			.nlmsg_type = RTM_SETLINK,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.link = { .ifi_index = (int)if_nametoindex(port) },
		.attribute = { .rta_len = RTA_LENGTH(sizeof(m.master)), .rta_type = IFLA_MASTER },
	};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[512];
	} answer;

	if (!m.link.ifi_index)
		return;
	if (send(fd, &m, sizeof(m), 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		die(port);
	errno = answer.head.nlmsg_type == NLMSG_ERROR ? -answer.error.error : EPROTO;
	if (errno && errno != ENODEV)
		die(port);
}

static int route_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		die("netlink");
	return fd;
}

static void cables_out(const char *machine)
{
	struct if_nameindex *all = if_nameindex();
	size_t len = strlen(machine);
	int fd = route_socket();

	for (struct if_nameindex *i = all; i && i->if_index; i++)
		if (!strncmp(i->if_name, machine, len) && i->if_name[len] == '-')
			unplug(fd, i->if_name);
	if_freenameindex(all);
	close(fd);
}

/* A PID that is another's by now is none of ours. */
static bool is_machine(int pid)
{
	char path[64], comm[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	if (!fgets(comm, sizeof(comm), f))
		comm[0] = '\0';
	fclose(f);
	return !strcmp(comm, "lab_init\n");
}

/* PID 1 is gone only after every process of its namespace. */
static void processes_end(void)
{
	FILE *f = fopen(path_of("pid"), "re");
	struct pollfd p;
	int pid = 0;

	if (!f)
		return;
	if (fscanf(f, "%d", &pid) != 1)
		pid = 0;
	fclose(f);
	p = (struct pollfd){ .fd = pid > 0 ? pidfd_open(pid, 0) : -1, .events = POLLIN };
	if (p.fd < 0 || !is_machine(pid))
		return;
	if (pidfd_send_signal(p.fd, SIGKILL, NULL, 0) && errno != ESRCH)
		die("kill");
	errno = ETIMEDOUT;
	if (poll(&p, 1, GONE_WITHIN_MS) != 1)
		die("its processes do not end");
	close(p.fd);
}

static void machine_end(const char *machine)
{
	struct timespec ts;
	char line[64];

	cables_out(machine);
	/* One that is just being made has its cables and a PID that can be ended, or neither. */
	lock("cables");
	unlink(path_of("boot"));
	cables_out(machine);
	processes_end();
	unlink(path_of("pid"));
	clock_gettime(CLOCK_BOOTTIME, &ts);
	snprintf(line, sizeof(line), "dead %lld\n", ts.tv_sec * 1000000000LL + ts.tv_nsec);
	write_to("power.log", "ae", line);
}

static void links_out(const char *machine, char **links)
{
	char port[IF_NAMESIZE], line[IF_NAMESIZE + 1];
	int fd = route_socket();

	lock("cables");
	for (; *links; links++) {
		snprintf(port, sizeof(port), "%s-%s", machine, *links);
		unplug(fd, port);
		snprintf(line, sizeof(line), "%s\n", *links);
		write_to("cut", "ae", line);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: lab_pull LAB MACHINE off|crash|LINK...\n");
		return 2;
	}
	snprintf(folder, sizeof(folder), "/run/picket-%s/%s", argv[1], argv[2]);
	if (access(folder, X_OK))
		die(folder);
	enter_switches(argv[1]);
	if (!strcmp(argv[3], "crash")) {
		machine_end(argv[2]);
	} else if (!strcmp(argv[3], "off")) {
		lock("button");
		machine_end(argv[2]);
		write_to("power", "we", "off\n");
		puts("off");
	} else {
		links_out(argv[2], argv + 3);
	}
	return 0;
}
