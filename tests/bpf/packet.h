/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet: frames for BPF_PROG_TEST_RUN, and what became of them. */
#ifndef TESTS_BPF_PACKET_H
#define TESTS_BPF_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include <picket/maps.h>
#include <picket/wire.h>

#define PACKET_KEY ((const uint8_t *)"0123456789abcdef")

struct packet {
	uint8_t data[512];
	uint32_t size;
	uint32_t ip, udp, wire; /* offsets */
	bool is6;
};

/* How a packet differs from a plain probe over IPv4. */
struct packet_shape {
	bool is6, vlan;
	unsigned ip_options; /* 32-bit words */
	uint16_t fragment;   /* the whole field, host order */
	uint8_t next_header; /* IPv6 extension: 8 bytes of it before UDP; 0 = none */
	uint16_t port;       /* 0 = the heartbeat port */
};

uint64_t packet_now(void); /* CLOCK_BOOTTIME, ns */
void packet_put16(uint8_t *at, uint16_t host);
uint16_t packet_get16(const uint8_t *at);

/* Internet checksum; 0 over a region that contains a right one. */
uint16_t packet_sum(uint32_t sum, const uint8_t *data, uint32_t size);
uint16_t packet_udp_sum(const struct packet *p); /* what belongs there; 0: it is right */
void packet_mac(struct picket_wire *w, const uint8_t key[16]);

struct packet packet_shaped(const struct picket_wire *w, const struct packet_shape *shape);
struct packet packet_plain(const struct picket_wire *w);
struct picket_wire packet_wire(const struct packet *p);

/* Runs the program on the packet and leaves the result in it; the program's verdict, or -errno. */
int packet_run(int prog_fd, struct packet *p);

#endif
