/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet.h"

#include <arpa/inet.h>
#include <assert.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include <picket/limits.h>

#include "base/siphash.h"

uint64_t packet_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void packet_put16(uint8_t *at, uint16_t host)
{
	uint16_t net = htons(host);

	memcpy(at, &net, 2);
}

uint16_t packet_get16(const uint8_t *at)
{
	uint16_t net;

	memcpy(&net, at, 2);
	return ntohs(net);
}

uint16_t packet_sum(uint32_t sum, const uint8_t *data, uint32_t size)
{
	for (uint32_t i = 0; i + 1 < size; i += 2)
		sum += packet_get16(data + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint16_t packet_udp_sum(const struct packet *p)
{
	uint32_t size = p->size - p->udp, sum = 17 + size;
	uint32_t from = p->is6 ? p->ip + 8 : p->ip + 12, n = p->is6 ? 32 : 8;

	for (uint32_t i = 0; i < n; i += 2)
		sum += packet_get16(p->data + from + i);
	return packet_sum(sum, p->data + p->udp, size);
}

void packet_mac(struct picket_wire *w, const uint8_t key[16])
{
	struct siphash *s = NULL;
	uint64_t mac = 0;
	int rc = siphash_new(key, &s);

	assert(rc == 0);
	rc = siphash_sum(s, w, PICKET_WIRE_MACED, &mac);
	assert(rc == 0);
	w->mac = mac;
	siphash_free(s);
}

static uint32_t packet_ip4(struct packet *p, uint32_t at, const struct packet_shape *shape)
{
	uint8_t *ip = p->data + at;
	uint32_t size = 20 + 4 * shape->ip_options;

	ip[0] = (uint8_t)(0x40 | (size / 4));
	packet_put16(ip + 2, (uint16_t)(size + 8 + sizeof(struct picket_wire)));
	packet_put16(ip + 6, shape->fragment);
	ip[8] = 61; /* has come over three routers */
	ip[9] = 17;
	memcpy(ip + 12, (uint8_t[]){ 10, 1, 0, 1, 10, 1, 0, 2 }, 8);
	packet_put16(ip + 10, packet_sum(0, ip, size));
	return at + size;
}

static uint32_t packet_ip6(struct packet *p, uint32_t at, const struct packet_shape *shape)
{
	uint8_t *ip = p->data + at;
	uint32_t extension = shape->next_header ? 8 : 0;

	ip[0] = 0x60;
	packet_put16(ip + 4, (uint16_t)(extension + 8 + sizeof(struct picket_wire)));
	ip[6] = shape->next_header ? shape->next_header : 17;
	ip[7] = 61;
	ip[8] = ip[24] = 0xfd;
	ip[23] = 1;
	ip[39] = 2;
	ip[40] = shape->next_header ? 17 : 0;
	return at + 40 + extension;
}

struct packet packet_shaped(
	const struct picket_wire *w, const struct packet_shape *shape)
{
	struct packet p = { .is6 = shape->is6 };
	uint16_t port = shape->port ? shape->port : PICKET_PORT_HEARTBEAT;
	uint32_t at = 12;

	memcpy(p.data, (uint8_t[]){ 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 }, 12);
	if (shape->vlan) {
		packet_put16(p.data + at, 0x8100);
		packet_put16(p.data + at + 2, 7);
		at += 4;
	}
	packet_put16(p.data + at, shape->is6 ? 0x86dd : 0x0800);
	p.ip = at + 2;
	p.udp = shape->is6 ? packet_ip6(&p, p.ip, shape) : packet_ip4(&p, p.ip, shape);
	packet_put16(p.data + p.udp, port);
	packet_put16(p.data + p.udp + 2, port);
	packet_put16(p.data + p.udp + 4, 8 + sizeof(*w));
	p.wire = p.udp + 8;
	memcpy(p.data + p.wire, w, sizeof(*w));
	p.size = p.wire + sizeof(*w);
	packet_put16(p.data + p.udp + 6, packet_udp_sum(&p));
	return p;
}

struct packet packet_plain(const struct picket_wire *w)
{
	return packet_shaped(w, &(struct packet_shape){ 0 });
}

struct picket_wire packet_wire(const struct packet *p)
{
	struct picket_wire w;

	memcpy(&w, p->data + p->wire, sizeof(w));
	return w;
}

int packet_run(int prog_fd, struct packet *p)
{
	uint8_t out[sizeof(p->data)];
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = p->data, .data_size_in = p->size,
		.data_out = out, .data_size_out = sizeof(out), .repeat = 1);

	if (bpf_prog_test_run_opts(prog_fd, &options) < 0)
		return -errno;
	memcpy(p->data, out, options.data_size_out);
	p->size = options.data_size_out;
	return (int)options.retval;
}
