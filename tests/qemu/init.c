/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Init of a guest: PID 1 that loads what /modules names, gives eth0 the addresses of the kernel's
 * command line (picket.ip=, picket.ip6=), and then does what the other end of ttyS1 says: each line
 * is a command and its arguments, run from /bin; a line that begins with & is not waited for.
 * Answers: what the command printed, then "= STATUS".
 *
 *   become IP MAC SECONDS SEED     one of several guests that go on from one snapshot: its address
 *                                  on eth0, the time, chances of its own, its disk (/dev/vda)
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <linux/ipv6.h>
#include <linux/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 32

static void complain(const char *what)
{
	printf("init: %s: %s\n", what, strerror(errno));
	fflush(stdout);
}

static void attach(const char *type, const char *where)
{
	mkdir(where, 0755);
	if (mount(type, where, type, 0, NULL) && errno != EBUSY)
		complain(where);
}

static void module_load(char *line)
{
	char *arguments = strchr(line, ' '), path[300];
	int fd;

	if (arguments)
		*arguments++ = '\0';
	snprintf(path, sizeof(path), "/lib/%s", line);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_finit_module, fd, arguments ? arguments : "", 0))
		complain(path);
	if (fd >= 0)
		close(fd);
}

static void modules_load(void)
{
	FILE *list = fopen("/modules", "re");
	char line[300];

	while (list && fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\n")] = '\0';
		module_load(line);
	}
	if (list)
		fclose(list);
}

/* The value of a word of the kernel's command line; NULL: not there. */
static char *argument(const char *name)
{
	static char line[4096];
	FILE *f = fopen("/proc/cmdline", "re");
	char *word, *rest = line;

	if (!f || !fgets(line, sizeof(line), f))
		return NULL;
	fclose(f);
	while ((word = strsep(&rest, " \n")))
		if (!strncmp(word, name, strlen(name)) && word[strlen(name)] == '=')
			return word + strlen(name) + 1;
	return NULL;
}

static void turn(const char *iface, short flags)
{
	struct ifreq r = { .ifr_flags = flags };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", iface);
	if (ioctl(fd, SIOCSIFFLAGS, &r))
		complain(iface);
	close(fd);
}

static void address(const char *ip)
{
	struct ifreq r = { .ifr_name = "eth0" };
	struct sockaddr_in *in = (struct sockaddr_in *)&r.ifr_addr;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	in->sin_family = AF_INET;
	if (ip && inet_pton(AF_INET, ip, &in->sin_addr) == 1) {
		if (ioctl(fd, SIOCSIFADDR, &r))
			complain("eth0");
		inet_pton(AF_INET, "255.255.255.0", &in->sin_addr);
		ioctl(fd, SIOCSIFNETMASK, &r);
	}
	close(fd);
}

static void network(void)
{
	struct in6_ifreq six = { .ifr6_prefixlen = 64,
		.ifr6_ifindex = (int)if_nametoindex("eth0") };
	int fd6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char *ip;

	address(argument("picket.ip"));
	turn("lo", IFF_UP | IFF_RUNNING);
	turn("eth0", IFF_UP | IFF_RUNNING);
	ip = argument("picket.ip6");
	if (ip && inet_pton(AF_INET6, ip, &six.ifr6_addr) == 1 && ioctl(fd6, SIOCSIFADDR, &six))
		complain("eth0, IPv6");
	close(fd6);
}

/* ---- one of several ------------------------------------------------------------------------- */

static void mac_set(const char *mac)
{
	struct ifreq r = { .ifr_name = "eth0", .ifr_hwaddr.sa_family = ARPHRD_ETHER };
	unsigned char *b = (unsigned char *)r.ifr_hwaddr.sa_data;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sscanf(mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", b, b + 1, b + 2, b + 3, b + 4, b + 5) !=
			6 ||
		ioctl(fd, SIOCSIFHWADDR, &r))
		complain(mac);
	close(fd);
}

/* Without it all would draw the same boot ID and the same keys. */
static void seed(const char *text)
{
	struct {
		int bits, len;
		char text[128];
	} entropy = { 0 };
	int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);

	snprintf(entropy.text, sizeof(entropy.text), "%s", text);
	entropy.len = (int)strlen(entropy.text);
	entropy.bits = 256;
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &entropy) || ioctl(fd, RNDRESEEDCRNG))
		complain("/dev/urandom");
	close(fd);
}

static void become(char **words)
{
	struct timespec now = { .tv_sec = atoll(words[3]) };

	turn("eth0", 0);
	mac_set(words[2]);
	address(words[1]);
	turn("eth0", IFF_UP | IFF_RUNNING);
	seed(words[4]);
	if (clock_settime(CLOCK_REALTIME, &now))
		complain("clock");
	mkdir("/var", 0755);
	mkdir("/var/lib", 0755);
	mkdir("/var/lib/picket", 0755);
	if (mount("/dev/vda", "/var/lib/picket", "ext4", 0, NULL))
		complain("/dev/vda");
	printf("= 0 0\n");
	fflush(stdout);
}

/* ---- commands ------------------------------------------------------------------------------ */

static void child(char **words)
{
	char path[200];

	setsid();
	snprintf(path, sizeof(path), "%s%s", words[0][0] == '/' ? "" : "/bin/", words[0]);
	execv(path, words);
	complain(path);
	_exit(127);
}

static void command(char *line)
{
	char *words[WORDS_MAX + 1] = { 0 }, *word;
	int n = 0, status = 0, there = line[0] == '&';
	pid_t pid;

	line += there;
	while (n < WORDS_MAX && (word = strsep(&line, " \r\n")))
		if (*word)
			words[n++] = word;
	if (!n)
		return;
	if (n == 5 && !strcmp(words[0], "become")) {
		become(words);
		return;
	}
	pid = fork();
	if (pid == 0)
		child(words);
	while (!there && waitpid(pid, &status, 0) != pid)
		;
	while (there && waitpid(-1, NULL, WNOHANG) > 0)
		; /* those of before that have ended */
	printf("= %d %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), pid);
	fflush(stdout);
}

int main(void)
{
	char line[1000];
	struct termios t;
	FILE *in;
	int fd;

	attach("proc", "/proc");
	attach("sysfs", "/sys");
	attach("devtmpfs", "/dev");
	attach("debugfs", "/sys/kernel/debug");
	attach("bpf", "/sys/fs/bpf");
	attach("cgroup2", "/sys/fs/cgroup");
	attach("pstore", "/sys/fs/pstore");
	attach("tmpfs", "/tmp");
	attach("tmpfs", "/run");
	fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 && !tcgetattr(fd, &t)) {
		cfmakeraw(&t);
		tcsetattr(fd, TCSANOW, &t);
		dup2(fd, 1);
		dup2(fd, 2);
	}
	modules_load();
	network();
	in = fdopen(fd, "re");
	printf("ready\n");
	fflush(stdout);
	while (in && fgets(line, sizeof(line), in))
		command(line);
	complain("ttyS1");
	for (;;)
		pause();
}
