/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>

#include "base/own.h"
#include "edge/netaddr.h"

enum { MESSAGE_MAX = 512 };

struct finding {
	int family;
	const void *ip;
	struct netaddr *found;
	size_t n, cap;
};

struct network {
	unsigned ifindex, prefix, type;
	bool gateway;
};

static void socket_close(struct mnl_socket *s)
{
	mnl_socket_close(s);
}
own_define(mnl, struct mnl_socket, socket_close)

/* One request; every part of the answer is given to on_part. */
static int talk(struct nlmsghdr *request, mnl_cb_t on_part, void *ctx)
{
	owned(mnl) struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	char buffer[32768];
	unsigned port;
	ssize_t n;
	int r = MNL_CB_OK;

	if (!s || mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	port = mnl_socket_get_portid(s);
	request->nlmsg_seq = 1;
	if (mnl_socket_sendto(s, request, request->nlmsg_len) < 0)
		return -errno;
	while (r > MNL_CB_STOP) {
		n = mnl_socket_recvfrom(s, buffer, sizeof(buffer));
		if (n < 0)
			return -errno;
		r = mnl_cb_run(buffer, (size_t)n, 1, port, on_part, ctx);
	}
	return r < 0 ? -errno : 0;
}

static struct nlmsghdr *message(char *buffer, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(buffer);

	m->nlmsg_type = type;
	m->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	return m;
}

static int on_address(const struct nlmsghdr *m, void *ctx)
{
	const struct ifaddrmsg *head = mnl_nlmsg_get_payload(m);
	struct netaddr a = { .family = head->ifa_family,
		.prefix = head->ifa_prefixlen,
		.ifindex = head->ifa_index,
		.flags = head->ifa_flags };
	struct finding *f = ctx;
	const struct nlattr *attribute;
	bool local = false, any = false;

	if (m->nlmsg_type != RTM_NEWADDR || a.family != f->family)
		return MNL_CB_OK;
	mnl_attr_for_each(attribute, m, sizeof(*head))
	{
		uint16_t type = mnl_attr_get_type(attribute);
		const void *value = mnl_attr_get_payload(attribute);

		/* Of a link with a far end, "local" is ours; else both are. */
		if ((type == IFA_LOCAL || (type == IFA_ADDRESS && !local)) &&
			mnl_attr_get_payload_len(attribute) == netaddr_size(a.family)) {
			memcpy(a.ip, value, netaddr_size(a.family));
			local = local || type == IFA_LOCAL;
			any = true;
		} else if (type == IFA_LABEL) {
			strncpy(a.label, mnl_attr_get_str(attribute), sizeof(a.label) - 1);
		} else if (type == IFA_CACHEINFO) {
			a.born = ((const struct ifa_cacheinfo *)value)->cstamp;
		} else if (type == IFA_FLAGS) {
			a.flags = mnl_attr_get_u32(attribute);
		}
	}
	if (!any || memcmp(a.ip, f->ip, netaddr_size(a.family)))
		return MNL_CB_OK;
	own_grow(f->found, f->n, f->cap);
	f->found[f->n++] = a;
	return MNL_CB_OK;
}

int netaddr_find(int family, const void *ip, struct netaddr **ret_found, size_t *ret_n)
{
	struct finding f = { .family = family, .ip = ip };
	char buffer[MESSAGE_MAX];
	struct nlmsghdr *m = message(buffer, RTM_GETADDR, NLM_F_DUMP);
	struct ifaddrmsg *head = mnl_nlmsg_put_extra_header(m, sizeof(*head));
	int r;

	head->ifa_family = (unsigned char)family;
	r = talk(m, on_address, &f);
	if (r < 0) {
		free(f.found);
		return r;
	}
	*ret_found = f.found;
	*ret_n = f.n;
	return 0;
}

static struct nlmsghdr *address_message(
	char *buffer, uint16_t type, uint16_t flags, const struct netaddr *a)
{
	struct nlmsghdr *m = message(buffer, type, (uint16_t)(NLM_F_ACK | flags));
	struct ifaddrmsg *head = mnl_nlmsg_put_extra_header(m, sizeof(*head));

	head->ifa_family = (unsigned char)a->family;
	head->ifa_prefixlen = (unsigned char)a->prefix;
	head->ifa_index = a->ifindex;
	mnl_attr_put(m, IFA_LOCAL, netaddr_size(a->family), a->ip);
	mnl_attr_put(m, IFA_ADDRESS, netaddr_size(a->family), a->ip);
	return m;
}

int netaddr_add(const struct netaddr *address, uint32_t preferred_s)
{
	struct ifa_cacheinfo life = { .ifa_prefered = preferred_s, .ifa_valid = NETADDR_FOREVER };
	char buffer[MESSAGE_MAX];
	struct nlmsghdr *m =
		address_message(buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address);

	if (address->family == AF_INET && address->prefix < 31) {
		unsigned char broadcast[4];

		memcpy(broadcast, address->ip, 4);
		for (unsigned bit = address->prefix; bit < 32; bit++)
			broadcast[bit / 8] |= (unsigned char)(0x80U >> bit % 8);
		mnl_attr_put(m, IFA_BROADCAST, 4, broadcast);
	}
	if (*address->label)
		mnl_attr_put_strz(m, IFA_LABEL, address->label);
	if (address->flags)
		mnl_attr_put_u32(m, IFA_FLAGS, address->flags);
	if (preferred_s != NETADDR_FOREVER)
		mnl_attr_put(m, IFA_CACHEINFO, sizeof(life), &life);
	return talk(m, NULL, NULL);
}

int netaddr_remove(const struct netaddr *address)
{
	char buffer[MESSAGE_MAX];

	return talk(address_message(buffer, RTM_DELADDR, 0, address), NULL, NULL);
}

static int on_route(const struct nlmsghdr *m, void *ctx)
{
	const struct rtmsg *head = mnl_nlmsg_get_payload(m);
	struct network *network = ctx;
	const struct nlattr *attribute;

	network->prefix = head->rtm_dst_len;
	network->type = head->rtm_type;
	mnl_attr_for_each(attribute, m, sizeof(*head))
	{
		if (mnl_attr_get_type(attribute) == RTA_OIF)
			network->ifindex = mnl_attr_get_u32(attribute);
		else if (mnl_attr_get_type(attribute) == RTA_GATEWAY ||
			 mnl_attr_get_type(attribute) == RTA_VIA)
			network->gateway = true;
	}
	return MNL_CB_STOP;
}

int netaddr_network(int family, const void *ip, unsigned *ret_ifindex, unsigned *ret_prefix)
{
	struct network network = { 0 };
	char buffer[MESSAGE_MAX];
	struct nlmsghdr *m = message(buffer, RTM_GETROUTE, 0);
	struct rtmsg *head = mnl_nlmsg_put_extra_header(m, sizeof(*head));
	int r;

	head->rtm_family = (unsigned char)family;
	head->rtm_dst_len = (unsigned char)(netaddr_size(family) * 8);
	/* The entry of the table, not what was made of it for one destination. */
	head->rtm_flags = RTM_F_FIB_MATCH;
	mnl_attr_put(m, RTA_DST, netaddr_size(family), ip);
	r = talk(m, on_route, &network);
	if (r < 0)
		return r;
	if (network.gateway || network.type != RTN_UNICAST || !network.ifindex)
		return -ENETUNREACH;
	*ret_ifindex = network.ifindex;
	*ret_prefix = network.prefix;
	return 0;
}

int netaddr_link_up(unsigned ifindex)
{
	char buffer[MESSAGE_MAX];
	struct nlmsghdr *m = message(buffer, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *head = mnl_nlmsg_put_extra_header(m, sizeof(*head));

	head->ifi_index = (int)ifindex;
	head->ifi_flags = head->ifi_change = IFF_UP;
	return talk(m, NULL, NULL);
}

static int on_link(const struct nlmsghdr *m, void *ctx)
{
	const struct ifinfomsg *head = mnl_nlmsg_get_payload(m);

	*(bool *)ctx = head->ifi_flags & IFF_UP;
	return MNL_CB_STOP;
}

int netaddr_link_is_up(unsigned ifindex, bool *ret_up)
{
	char buffer[MESSAGE_MAX];
	struct nlmsghdr *m = message(buffer, RTM_GETLINK, 0);
	struct ifinfomsg *head = mnl_nlmsg_put_extra_header(m, sizeof(*head));

	head->ifi_index = (int)ifindex;
	return talk(m, on_link, ret_up);
}
