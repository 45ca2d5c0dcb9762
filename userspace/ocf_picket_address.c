/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The OCF agent ocf:picket:address, a virtual IP address. It does what IPaddr2 does, by the same
 * names, in one process: on the way to the first answer of a lost node's address every process
 * counts. ocf_picket_address(7).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "base/own.h"
#include "edge/announce.h"
#include "edge/netaddr.h"

/* OCF 1.1, resource agent API: exit codes. */
enum ocf { OK, GENERIC, ARGS, UNIMPLEMENTED, PERM, INSTALLED, CONFIGURED, NOT_RUNNING };

enum { ARP_COUNT = 5, ARP_INTERVAL_MS = 200, DAD_MS = 10000, DAD_LOOK_MS = 10 };

struct settings {
	struct netaddr want; /* ifindex, prefix: 0 and ANY_PREFIX until known */
	const char *text, *nic;
	unsigned arp_count, arp_interval_ms;
	uint32_t preferred_s;
};

#define ANY_PREFIX UINT32_MAX

static void sleep_ms(unsigned ms)
{
	nanosleep(&(struct timespec){ ms / 1000, (long)(ms % 1000) * 1000000 }, NULL);
}

/* The reason is what the operator is shown. */
#define fail(code, ...)                                                                            \
	__extension__({                                                                            \
		fprintf(stderr, "ocf-exit-reason:" __VA_ARGS__);                                   \
		fputc('\n', stderr);                                                               \
		code;                                                                              \
	})

static const char *parameter(const char *name)
{
	char variable[64];
	const char *value;

	snprintf(variable, sizeof(variable), "OCF_RESKEY_%s", name);
	value = getenv(variable);
	return value && *value ? value : NULL;
}

static enum ocf read_number(const char *name, unsigned max, unsigned *ret)
{
	const char *text = parameter(name);
	unsigned long n;
	char *end;

	if (!text)
		return OK;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *end || *text == '-' || n > max)
		return fail(CONFIGURED, "%s=%s: must be a number from 0 to %u", name, text, max);
	*ret = (unsigned)n;
	return OK;
}

static enum ocf read_flag(const char *name, uint32_t flag, uint32_t *flags)
{
	static const char *const yes[] = { "true", "yes", "on", "1", "ja" };
	static const char *const no[] = { "false", "no", "off", "0" };
	const char *text = parameter(name);

	if (!text)
		return OK;
	for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
		if (!strcasecmp(text, yes[i])) {
			*flags |= flag;
			return OK;
		}
	for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
		if (!strcasecmp(text, no[i]))
			return OK;
	return fail(CONFIGURED, "%s=%s: must be true or false", name, text);
}

static enum ocf read_label(struct settings *s)
{
	const char *label = parameter("iflabel");

	if (!label)
		return OK;
	if (s->want.family != AF_INET)
		return fail(CONFIGURED, "iflabel=%s: IPv6 addresses have no labels", label);
	if (!s->nic)
		return fail(CONFIGURED, "iflabel=%s: needs nic, whose name it continues", label);
	if ((size_t)snprintf(s->want.label, sizeof(s->want.label), "%s:%s", s->nic, label) >=
		sizeof(s->want.label))
		return fail(CONFIGURED, "iflabel=%s: \"%s:%s\" is longer than %zu characters",
			label, s->nic, label, sizeof(s->want.label) - 1);
	return OK;
}

static enum ocf read_settings(struct settings *s)
{
	const char *preferred = parameter("preferred_lft");
	unsigned bits;
	enum ocf r;

	*s = (struct settings){ .text = parameter("ip"),
		.nic = parameter("nic"),
		.arp_count = ARP_COUNT,
		.arp_interval_ms = ARP_INTERVAL_MS,
		.preferred_s = NETADDR_FOREVER };
	if (!s->text)
		return fail(CONFIGURED, "ip is required: the address to hold");
	s->want.family = strchr(s->text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(s->want.family, s->text, s->want.ip) != 1)
		return fail(CONFIGURED, "ip=%s: not an IPv4 or IPv6 address", s->text);
	bits = (unsigned)netaddr_size(s->want.family) * 8;
	s->want.prefix = ANY_PREFIX;
	r = read_number("cidr_netmask", bits, &s->want.prefix);
	r = r ? r : read_number("arp_count", 1000, &s->arp_count);
	r = r ? r : read_number("arp_interval", 60000, &s->arp_interval_ms);
	r = r ? r : read_flag("nodad", IFA_F_NODAD, &s->want.flags);
	r = r ? r : read_flag("noprefixroute", IFA_F_NOPREFIXROUTE, &s->want.flags);
	if (!r && preferred && strcmp(preferred, "forever"))
		r = read_number("preferred_lft", UINT32_MAX, &s->preferred_s);
	return r ? r : read_label(s);
}

static enum ocf system_error(const struct settings *s, const char *what, int error)
{
	return fail(error == -EPERM || error == -EACCES ? PERM : GENERIC, "%s: %s: %s", s->text,
		what, strerror(-error));
}

/* Where the address has to be. The interface is the one that has its network, unless it is named.
 */
static enum ocf find_place(struct settings *s)
{
	unsigned ifindex = 0, prefix = 0;
	int r = netaddr_network(s->want.family, s->want.ip, &ifindex, &prefix);

	if (s->nic) {
		s->want.ifindex = if_nametoindex(s->nic);
		if (!s->want.ifindex)
			return fail(INSTALLED, "nic=%s: this host has no such interface", s->nic);
	} else if (r < 0) {
		return fail(INSTALLED, "%s: no interface is in its network; name one with nic",
			s->text);
	} else {
		s->want.ifindex = ifindex;
	}
	if (s->want.prefix == ANY_PREFIX)
		s->want.prefix = r == 0 && ifindex == s->want.ifindex
					 ? prefix
					 : (unsigned)netaddr_size(s->want.family) * 8;
	return OK;
}

static const char *name_of(unsigned ifindex)
{
	static char name[IF_NAMESIZE];

	return if_indextoname(ifindex, name) ? name : "an interface that is gone";
}

static enum ocf monitor(const struct settings *s)
{
	owned(free) struct netaddr *found = NULL;
	unsigned nic = s->nic ? if_nametoindex(s->nic) : 0;
	bool up = false;
	size_t n = 0;
	int r = netaddr_find(s->want.family, s->want.ip, &found, &n);

	if (r < 0)
		return system_error(s, "looking for it", r);
	if (!n)
		return NOT_RUNNING;
	if (s->nic && (n > 1 || found->ifindex != nic))
		return fail(GENERIC, "%s is on %s, not on %s alone", s->text,
			name_of(found->ifindex), s->nic);
	if (found->flags & IFA_F_DADFAILED)
		return fail(GENERIC, "%s: another host on the network has it", s->text);
	r = netaddr_link_is_up(found->ifindex, &up);
	if (r < 0)
		return system_error(s, name_of(found->ifindex), r);
	return up ? OK : fail(GENERIC, "%s: %s is down", s->text, name_of(found->ifindex));
}

/* From every interface that has it: whoever put it there, it must be nowhere. */
static enum ocf stop(const struct settings *s)
{
	owned(free) struct netaddr *found = NULL;
	size_t n = 0;
	int r = netaddr_find(s->want.family, s->want.ip, &found, &n);

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = netaddr_remove(&found[i]);
		if (r == -EADDRNOTAVAIL || r == -ENODEV)
			r = 0;
	}
	return r < 0 ? system_error(s, "taking it off", r) : OK;
}

/* When the address was added here; 0: it is not here. */
static uint32_t born(const struct settings *s)
{
	owned(free) struct netaddr *found = NULL;
	size_t n = 0;

	if (netaddr_find(s->want.family, s->want.ip, &found, &n) < 0 || !n)
		return 0;
	return found->born;
}

/* Others are told again a few times, as long as this address is here, not one that came after it;
 * nobody waits for that. */
static void announce_again(const struct settings *s)
{
	uint32_t first = born(s);
	int null;

	/* without another process there is one announcement */
	if (s->arp_count < 2 || !first || fork())
		return;
	setsid();
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	closefrom(3);
	for (unsigned i = 1; i < s->arp_count; i++) {
		sleep_ms(s->arp_interval_ms);
		if (born(s) != first)
			_exit(0);
		announce_address(s->want.family, s->want.ip, s->want.ifindex);
	}
	_exit(0);
}

/* IPv6: until no other host has said that it has the address (RFC 4862 5.4). */
static enum ocf unique(const struct settings *s)
{
	for (unsigned ms = 0; ms < DAD_MS; ms += DAD_LOOK_MS) {
		owned(free) struct netaddr *found = NULL;
		size_t n = 0;
		int r = netaddr_find(s->want.family, s->want.ip, &found, &n);

		if (r < 0)
			return system_error(s, "looking for it", r);
		if (!n || found->flags & IFA_F_DADFAILED) {
			stop(s);
			return fail(GENERIC, "%s: another host on the network has it", s->text);
		}
		if (!(found->flags & IFA_F_TENTATIVE))
			return OK;
		sleep_ms(DAD_LOOK_MS);
	}
	stop(s);
	return fail(GENERIC, "%s: still not known to be unique after %d s", s->text, DAD_MS / 1000);
}

static enum ocf start(struct settings *s)
{
	owned(free) struct netaddr *found = NULL;
	size_t n = 0;
	enum ocf o;
	int r = netaddr_find(s->want.family, s->want.ip, &found, &n);
	bool there;

	if (r < 0)
		return system_error(s, "looking for it", r);
	/* On one interface, the right one if there is a right one: that is where it stays. */
	there = n == 1 && (!s->nic || found->ifindex == if_nametoindex(s->nic));
	if (there) {
		s->want.ifindex = found->ifindex;
	} else {
		o = n ? stop(s) : OK;
		o = o ? o : find_place(s);
		if (o)
			return o;
	}
	r = netaddr_link_up(s->want.ifindex);
	if (r < 0)
		return system_error(s, "setting its interface up", r);
	r = there ? 0 : netaddr_add(&s->want, s->preferred_s);
	if (r < 0)
		return system_error(s, name_of(s->want.ifindex), r);
	o = s->want.family == AF_INET6 ? unique(s) : OK;
	if (o || !s->arp_count)
		return o;
	r = announce_address(s->want.family, s->want.ip, s->want.ifindex);
	if (r < 0)
		fprintf(stderr, "WARNING: %s is not announced: %s\n", s->text, strerror(-r));
	announce_again(s);
	return OK;
}

static enum ocf validate(struct settings *s)
{
	owned(free) struct netaddr *found = NULL;
	size_t n = 0;

	/* While it is here, its network is no route's but its own. */
	if (!s->nic && netaddr_find(s->want.family, s->want.ip, &found, &n) == 0 && n)
		return OK;
	return find_place(s);
}

static void parameter_tell(const char *name, const char *attributes, const char *type,
	const char *value, const char *text)
{
	printf("    <parameter name=\"%s\" %s>\n"
	       "      <longdesc lang=\"en\">%s</longdesc>\n"
	       "      <shortdesc lang=\"en\">%s</shortdesc>\n"
	       "      <content type=\"%s\"",
		name, attributes, text, text, type);
	if (value)
		printf(" default=\"%s\"", value);
	puts("/>\n    </parameter>");
}

static enum ocf metadata(void)
{
	static const char *const actions[] = { "start\" timeout=\"20s", "stop\" timeout=\"20s",
		"monitor\" timeout=\"20s\" interval=\"10s\" depth=\"0", "meta-data\" timeout=\"5s",
		"validate-all\" timeout=\"20s" };

	puts("<?xml version=\"1.0\"?>\n"
	     "<!DOCTYPE resource-agent SYSTEM \"ra-api-1.dtd\">\n"
	     "<resource-agent name=\"address\" version=\"" PICKET_VERSION "\">\n"
	     "  <version>1.1</version>\n"
	     "  <longdesc lang=\"en\">Holds a virtual IPv4 or IPv6 address, and tells the network"
	     " of it. Its parameters are named as those of ocf:heartbeat:IPaddr2, whose place it"
	     " can take; it is one process.</longdesc>\n"
	     "  <shortdesc lang=\"en\">A virtual IP address</shortdesc>\n"
	     "  <parameters>");
	parameter_tell("ip", "unique=\"1\" required=\"1\"", "string", NULL, "The address");
	parameter_tell("nic", "", "string", NULL,
		"The interface; default: the one that is in the address's network");
	parameter_tell("cidr_netmask", "", "integer", NULL,
		"Length of the network's prefix; default: the one of the interface's network");
	parameter_tell("iflabel", "", "string", NULL, "IPv4: its label is the nic, ':' and this");
	parameter_tell("arp_count", "", "integer", "5",
		"How often the address is announced; the first time before the start is done");
	parameter_tell("arp_interval", "", "integer", "200", "Milliseconds between announcements");
	parameter_tell("nodad", "", "boolean", "false",
		"IPv6: do not ask whether another host has the address");
	parameter_tell(
		"noprefixroute", "", "boolean", "false", "Make no route to the address's network");
	parameter_tell("preferred_lft", "", "string", "forever",
		"Seconds for which it is chosen as a source address of new connections; 0: never");
	puts("  </parameters>\n  <actions>");
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		printf("    <action name=\"%s\"/>\n", actions[i]);
	puts("  </actions>\n</resource-agent>");
	return OK;
}

int main(int argc, char **argv)
{
	const char *action = argc == 2 ? argv[1] : "";
	struct settings s;
	enum ocf r;

	if (!strcmp(action, "meta-data"))
		return metadata();
	if (!strcmp(action, "usage") || argc != 2) {
		fprintf(argc == 2 ? stdout : stderr,
			"usage: %s start|stop|monitor|validate-all|meta-data\n", argv[0]);
		return argc == 2 ? OK : ARGS;
	}
	r = read_settings(&s);
	if (!strcmp(action, "start"))
		return r ? r : start(&s);
	if (!strcmp(action, "stop"))
		return r ? r : stop(&s);
	if (!strcmp(action, "monitor") || !strcmp(action, "status"))
		return r ? r : monitor(&s);
	if (!strcmp(action, "validate-all"))
		return r ? r : validate(&s);
	return fail(UNIMPLEMENTED, "no action '%s'", action);
}
