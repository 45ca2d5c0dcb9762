/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with this host and this cluster, and what to do about it; and all of it in a file.
 */
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/member.h"
#include "base/own.h"
#include "edge/cli.h"
#include "edge/daemoncfg.h"
#include "edge/identity.h"

#define DAYS_SOON 30
#define KNOCK_S 3 /* for a BMC to take a connection */
#define BPF_MAGIC 0xcafe4a11
#define CGROUP2_MAGIC 0x63677270

enum finding { GOOD, WARN, BAD };

struct doctor {
	const struct cli *cli;
	struct daemoncfg
		*config; /* of this host's controller; NULL: there is none, or it is wrong */
	json_t *findings;
	unsigned n[3];
};

__attribute__((format(printf, 5, 6))) static void say(struct doctor *d, enum finding f,
	const char *what, const char *todo, const char *format, ...)
{
	static const char *const words[] = { "good", "warning", "bad" };
	static const char *const marks[] = { "\033[32mok\033[0m  ", "\033[33mwarn\033[0m",
		"\033[31mBAD\033[0m " };
	static const char *const plain[] = { "ok  ", "warn", "BAD " };
	char *text = NULL;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	d->n[f]++;
	if (!cli_json(d->cli)) {
		fprintf(d->cli->out, "%s  %-12s %s\n", (d->cli->colour ? marks : plain)[f], what,
			text ? text : "");
		if (f != GOOD && todo)
			fprintf(d->cli->out, "      %-12s -> %s\n", "", todo);
	}
	json_array_append_new(
		d->findings, json_pack("{s:s, s:s, s:s, s:s*}", "finding", words[f], "what", what,
				     "text", text ? text : "", "todo", f == GOOD ? NULL : todo));
	free(text);
}

/* ---- this host
 * ----------------------------------------------------------------------------------- */

static void look_clock(struct doctor *d)
{
	struct timex t = { 0 };
	int state = adjtimex(&t);

	if (state == TIME_ERROR || (t.status & STA_UNSYNC))
		say(d, WARN, "clock", "run chrony or systemd-timesyncd",
			"not synchronised: logs of different hosts cannot be compared (leases do "
			"not depend on it)");
	else
		say(d, GOOD, "clock", NULL, "synchronised, error at most %ld ms",
			t.maxerror / 1000);
}

static void look_kernel(struct doctor *d)
{
	unsigned major = 0, minor = 0;
	struct statfs fs;
	struct utsname u;

	uname(&u);
	sscanf(u.release, "%u.%u", &major, &minor);
	if (major < 5 || (major == 5 && minor < 15))
		say(d, BAD, "kernel", "5.15 or newer is needed", "%s is too old", u.release);
	else
		say(d, GOOD, "kernel", NULL, "%s", u.release);
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		say(d, BAD, "BTF", "use a kernel with CONFIG_DEBUG_INFO_BTF=y",
			"the kernel does not describe its types: BPF programs do not load");
	else
		say(d, GOOD, "BTF", NULL, "there");
	if (statfs("/sys/fs/bpf", &fs) || (unsigned)fs.f_type != BPF_MAGIC)
		say(d, BAD, "bpffs", "mount -t bpf bpf /sys/fs/bpf", "/sys/fs/bpf is not mounted");
	else
		say(d, GOOD, "bpffs", NULL, "mounted");
	if (statfs("/sys/fs/cgroup", &fs) || (unsigned)fs.f_type != CGROUP2_MAGIC)
		say(d, WARN, "cgroups", "boot with systemd.unified_cgroup_hierarchy=1",
			"version 2 is not mounted at /sys/fs/cgroup: what an agent leaves behind "
			"cannot be ended as a whole");
	else
		say(d, GOOD, "cgroups", NULL, "version 2");
}

static void look_watchdog(struct doctor *d)
{
	if (!access("/sys/module/picket", F_OK))
		say(d, GOOD, "self-fencing", NULL, "picket.ko is loaded");
	else if (!access("/dev/watchdog", F_OK))
		say(d, GOOD, "self-fencing", NULL, "a watchdog device, without picket.ko");
	else
		say(d, WARN, "self-fencing", "install picket-dkms, or enable the hardware watchdog",
			"neither picket.ko nor a watchdog: this host cannot end itself when its "
			"lease runs out, and others must be able to switch it off");
}

static void look_mtu(struct doctor *d)
{
	struct if_nameindex *all = if_nameindex();
	owned(fd) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (struct if_nameindex *i = all; i && i->if_name; i++) {
		struct ifreq r = { 0 };

		snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", i->if_name);
		if (ioctl(fd, SIOCGIFFLAGS, &r) || !(r.ifr_flags & IFF_UP) ||
			(r.ifr_flags & IFF_LOOPBACK) || ioctl(fd, SIOCGIFMTU, &r))
			continue;
		if (r.ifr_mtu > 3498)
			say(d, WARN, "MTU",
				"at most 3498 where XDP cannot do more, or a driver that can",
				"%s has %d: native XDP may be refused", i->if_name, r.ifr_mtu);
		else
			say(d, GOOD, "MTU", NULL, "%s has %d", i->if_name, r.ifr_mtu);
	}
	if_freenameindex(all);
}

static void look_certificates(struct doctor *d, const char *dir)
{
	struct identity *identity = NULL;
	owned(free) char *why = NULL;
	char name[128] = "?";
	long days;

	if (identity_load(dir, &identity, &why)) {
		say(d, BAD, "certificates", "picket pki issue makes them", "%s", why);
		return;
	}
	identity_name(identity, name, sizeof(name));
	days = (identity_not_after(identity) - (long)time(NULL)) / 86400;
	if (days < DAYS_SOON)
		say(d, days < 0 ? BAD : WARN, "certificates",
			"picket pki issue, then reload the daemons", "that of %s ends in %ld days",
			name, days);
	else
		say(d, GOOD, "certificates", NULL, "that of %s holds for %ld days", name, days);
	identity_free(identity);
}

/* ---- the cluster
 * --------------------------------------------------------------------------------- */

static void look_quorum(struct doctor *d, json_t *status)
{
	json_t *list = json_object_get(status, "controllers"), *c;
	size_t all = json_array_size(list), up = 0, i;

	json_array_foreach (list, i, c)
		up += json_is_true(json_object_get(c, "connected")) ||
		      !strcmp(member_text(c, "name"), member_text(status, "controller"));
	if (!all)
		all = up = 1;
	if (all == 1)
		say(d, WARN, "quorum", "three controllers survive the loss of one",
			"one controller: while it is away, nothing is taken over");
	else if (all % 2 == 0)
		say(d, WARN, "quorum", "add or remove one", "%zu controllers: no better than %zu",
			all, all - 1);
	if (up < all / 2 + 1)
		say(d, BAD, "quorum", "start the others", "%zu of %zu controllers, %zu are needed",
			up, all, all / 2 + 1);
	else if (all > 1)
		say(d, up < all ? WARN : GOOD, "quorum", "start the others",
			"%zu of %zu controllers; %zu more may go", up, all, up - (all / 2 + 1));
}

/* Could it be fenced? What the last test of each of its devices said: the only proof without a
 * power cut. */
static void look_tests(struct doctor *d, const char *node, json_t *tests)
{
	owned(free) char *todo = own_printf("picket fence test %s", node);
	json_t *t;
	size_t i;

	json_array_foreach (tests, i, t) {
		double hours = ((double)time(NULL) * 1000 -
				       json_number_value(json_object_get(t, "at_ms"))) /
			       3.6e6;

		if (!strcmp(member_text(t, "state"), "passed"))
			say(d, GOOD, member_text(t, "device"), NULL,
				"could fence %s when it was tested %.1f hours ago", node, hours);
		else if (!strcmp(member_text(t, "state"), "failed"))
			say(d, BAD, member_text(t, "device"),
				"look at the device and what the configuration says of it",
				"could not fence %s when it was tested: %s", node,
				member_text(t, "text"));
		else
			say(d, WARN, member_text(t, "device"), todo,
				"it was never tested whether it can fence %s", node);
	}
}

static void look_nodes(struct doctor *d, json_t *status, json_t *fencing)
{
	json_t *n, *l;
	size_t i, k;

	json_array_foreach (json_object_get(status, "nodes"), i, n) {
		json_t *of =
			json_object_get(json_object_get(fencing, "nodes"), member_text(n, "name"));
		size_t silent = 0;

		json_array_foreach (json_object_get(n, "links"), k, l)
			silent += strcmp(member_text(l, "state"), "heard") != 0;
		if (strcmp(member_text(n, "state"), "online"))
			say(d, BAD, member_text(n, "name"),
				*member_text(n, "todo") ? member_text(n, "todo") : NULL, "%s%s%s",
				member_text(n, "state"), *member_text(n, "why") ? ": " : "",
				member_text(n, "why"));
		else if (silent)
			say(d, WARN, member_text(n, "name"), "look at cable, port and interface",
				"silent on %zu of %zu links", silent, k);
		else if (k < 2)
			say(d, WARN, member_text(n, "name"), "give it a second link",
				"one heartbeat link: one cable decides over it");
		else
			say(d, GOOD, member_text(n, "name"), NULL, "online, heard on %zu links", k);
		if (of && !json_array_size(json_object_get(of, "levels")))
			say(d, BAD, member_text(n, "name"),
				"fencing: topology in the configuration",
				"nothing can fence it: what it runs is never taken over without "
				"you");
		look_tests(d, member_text(n, "name"), json_object_get(of, "tests"));
	}
}

/* Does a BMC answer at its address? 0, or -errno. */
static int knock(const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *info = NULL;
	struct timeval limit = { .tv_sec = KNOCK_S };
	owned(fd) int fd = -1;
	int r;

	if (getaddrinfo(host, port, &hints, &info))
		return -EHOSTUNREACH;
	fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	r = connect(fd, info->ai_addr, info->ai_addrlen) ? -errno : 0;
	freeaddrinfo(info);
	return r == -EINPROGRESS ? -ETIMEDOUT : r;
}

/* Where this host's controller looks for it. */
static bool agent_there(const struct doctor *d, const char *agent)
{
	static const char *const usual[] = { "/usr/libexec/picket/fence", "/usr/sbin" };
	const char *const *folders = d->config ? (const char *const *)d->config->fence_path : usual;
	size_t n = d->config ? d->config->n_fence_path : sizeof(usual) / sizeof(*usual);

	for (size_t i = 0; i < n; i++) {
		owned(free) char *path = own_printf("%s/%s", folders[i], agent);

		if (!access(path, X_OK))
			return true;
	}
	return false;
}

/* Fence devices, as this controller would use them; only a drill proves more. */
static void look_devices(struct doctor *d, json_t *root)
{
	json_t *devices = json_object_get(json_object_get(root, "fencing"), "devices"), *v;
	const char *name;

	json_object_foreach (devices, name, v) {
		json_t *params = json_object_get(v, "params");
		const char *agent = member_text(v, "agent"), *port = member_text(params, "ipport");
		const char *host = *member_text(params, "ip") ? member_text(params, "ip")
							      : member_text(params, "ipaddr");
		int r;

		if (!agent_there(d, agent))
			say(d, BAD, name,
				"install picket-fence-agents or fence-agents; fence_path in "
				"picketd.yaml says where they are",
				"%s is in no folder where fence agents are looked for", agent);
		if (!strstr(agent, "redfish") || !*host)
			continue; /* spoken to over UDP, or not over a network */
		r = knock(host, *port ? port : "443");
		if (r)
			say(d, BAD, name, "look at the BMC, its address and its network",
				"%s does not answer: %s", host, strerror(-r));
		else
			say(d, GOOD, name, NULL, "%s answers", host);
	}
}

/* What the controller here was told of this host. */
static void look_configuration(struct doctor *d)
{
	owned(free) char *why = NULL;

	if (access(DAEMONCFG_DEFAULT, F_OK))
		return; /* a node alone, or a host that only asks */
	if (daemoncfg_read(DAEMONCFG_DEFAULT, &d->config, &why))
		say(d, BAD, "picketd.yaml", "mend it: picketd does not start with it", "%s", why);
	else
		say(d, GOOD, "picketd.yaml", NULL, "controller %s", d->config->name);
}

static int ask(const struct cli *cli, const char *path, struct door_answer *ret)
{
	struct door_request request = { .method = "GET", .path = path };

	return cli_ask(cli, &request, ret);
}

const struct command_option cli_doctor_options[] = {
	{ "pki", "DIR",
		"folder of this host's certificates (as picketd.yaml says, or /etc/picket/pki)",
		0 },
	{ 0 },
};

int cli_doctor(const struct command *command, void *ctx)
{
	const char *pki = command_option(command, "pki");
	struct doctor d = { .cli = ctx, .findings = json_array() };
	struct door_answer status, fencing, site;

	look_kernel(&d);
	look_clock(&d);
	look_watchdog(&d);
	look_mtu(&d);
	look_configuration(&d);
	look_certificates(&d, pki ? pki : d.config ? d.config->pki : "/etc/picket/pki");
	if (ask(ctx, "/v1/status", &status)) {
		say(&d, BAD, "controller", "systemctl status picketd", "none answers on this host");
	} else {
		look_quorum(&d, status.json);
		if (!ask(ctx, "/v1/configuration", &site)) {
			look_devices(&d, site.json);
			door_answer_done(&site);
		}
		if (!ask(ctx, "/v1/fencing", &fencing)) {
			look_nodes(&d, status.json, fencing.json);
			door_answer_done(&fencing);
		}
		door_answer_done(&status);
	}
	if (cli_json(d.cli))
		cli_print(d.cli, d.findings);
	else
		fprintf(d.cli->out, "%u good, %u to look at, %u bad\n", d.n[GOOD], d.n[WARN],
			d.n[BAD]);
	json_decref(d.findings);
	daemoncfg_free(d.config);
	return d.n[BAD] ? CLI_FAILURE : d.n[WARN] ? CLI_WARNINGS : CLI_OK;
}

/* ---- for whoever helps
 * --------------------------------------------------------------------------- */

static int bundle_put(const struct cli *cli, const char *dir, const char *name, const char *path)
{
	owned(free) char *to = own_printf("%s/%s.json", dir, name), *body = NULL;
	struct door_answer answer;

	if (ask(cli, path, &answer))
		return CLI_FAILURE;
	body = answer.json ? json_dumps(answer.json, JSON_INDENT(1)) : own_string(answer.text);
	file_write(to, 0600, body, strlen(body));
	door_answer_done(&answer);
	return CLI_OK;
}

static void bundle_run(const char *dir, const char *name, const char *line)
{
	owned(free) char *all = own_printf("(%s) >%s/%s 2>&1", line, dir, name);

	if (system(all) < 0)
		return;
}

int cli_bundle(const struct command *command, void *ctx)
{
	static const char *const parts[][2] = { { "status", "/v1/status" },
		{ "links", "/v1/links" }, { "events", "/v1/events" }, { "fencing", "/v1/fencing" },
		{ "history", "/v1/configuration/history" }, { "audit", "/v1/audit?limit=500" },
		{ "transitions", "/v1/transitions" }, { "model", "/v1/model" },
		{ "controllers", "/v1/controllers" } };
	const char *file = command->words[0];
	char dir[] = "/tmp/picket-bundle-XXXXXX";
	owned(free) char *line = NULL;
	int r;

	if (strchr(file, '\''))
		return cli_fail(CLI_USAGE, "%s: no quotes in the name", file);
	umask(077); /* no secret is in it, but who may do what and where everything is */
	if (!mkdtemp(dir))
		return cli_fail(CLI_FAILURE, "%s: %m", dir);
	setenv("PICKET_SOCKET", ((const struct cli *)ctx)->socket, 1);
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		bundle_put(ctx, dir, parts[i][0], parts[i][1]);
	bundle_run(dir, "doctor", "/proc/$PPID/exe doctor");
	bundle_run(dir, "uname", "uname -a; cat /etc/os-release");
	bundle_run(dir, "journal", "journalctl --no-pager -n 5000 -u picketd -u picket-agent");
	bundle_run(dir, "network", "ip -s link; ip addr; ip route");
	line = own_printf("tar czf '%s' -C /tmp '%s' && rm -r '%s'", file, dir + 5, dir);
	r = system(line);
	if (r)
		return cli_fail(CLI_FAILURE, "%s was not written; its parts are in %s", file, dir);
	fprintf(((const struct cli *)ctx)->out,
		"%s: status, events, fencing, model, history, audit, doctor, journal\n", file);
	return CLI_OK;
}
