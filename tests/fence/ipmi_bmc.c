/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ipmi_bmc: a management controller that speaks IPMI 2.0 over LAN (RMCP+), cipher suites 3 and 17,
 * for tests. One datagram at a time; one session at a time is remembered. See usage() below. It is
 * written after the IPMI v2.0 specification, chapter 13.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/own.h"
#include "quirks.h"

enum { PACKET_MAX = 512, SESSIONS = 64 };

struct session {
	uint32_t id, console; /* ours, the peer's; 0 = free */
	int suite;
	unsigned char role, rc[16], rm[16];
	unsigned char name_length, name[16];
	unsigned char sik[32], k1[32], k2[32];
	uint32_t sequence;
	bool active;
};

struct bmc {
	const char *user, *password, *quirks, *state;
	unsigned char kg[20], guid[16];
	int kg_size, fd, log;
	unsigned packets;
	struct session sessions[SESSIONS];
	uint64_t cycle_off, cycle_on; /* a power cycle under way: when, ms; 0 = none */
};

/* A datagram that is being written. */
struct packet {
	unsigned char bytes[PACKET_MAX];
	size_t n;
};

static void put8(struct packet *p, unsigned value)
{
	if (p->n < PACKET_MAX)
		p->bytes[p->n++] = (unsigned char)value;
}

static void put(struct packet *p, const void *data, size_t n)
{
	const unsigned char *bytes = data;

	while (n--)
		put8(p, *bytes++);
}

static void put32(struct packet *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		put8(p, value >> (8 * i));
}

static uint32_t get32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* ---- keys --------------------------------------------------------------------------------------
 */

static const EVP_MD *digest_of(const struct session *s)
{
	return s->suite == 17 ? EVP_sha256() : EVP_sha1();
}

static unsigned digest_size(const struct session *s)
{
	return s->suite == 17 ? 32 : 20;
}

static unsigned mac_size(const struct session *s)
{
	return s->suite == 17 ? 16 : 12;
}

static void hmac(const struct session *s, const void *key, size_t key_size, const struct packet *p,
	unsigned char *to)
{
	unsigned n = 0;

	HMAC(digest_of(s), key, (int)key_size, p->bytes, p->n, to, &n);
}

static void session_keys(const struct bmc *bmc, struct session *s)
{
	struct packet p = { 0 };

	put(&p, s->rm, 16);
	put(&p, s->rc, 16);
	put8(&p, s->role);
	put8(&p, s->name_length);
	put(&p, s->name, s->name_length);
	if (bmc->kg_size)
		hmac(s, bmc->kg, (size_t)bmc->kg_size, &p, s->sik);
	else
		hmac(s, bmc->password, strlen(bmc->password), &p, s->sik);
	p.n = 20;
	memset(p.bytes, 1, 20);
	hmac(s, s->sik, digest_size(s), &p, s->k1);
	memset(p.bytes, 2, 20);
	hmac(s, s->sik, digest_size(s), &p, s->k2);
}

static struct session *session_find(struct bmc *bmc, uint32_t id)
{
	for (int i = 0; id && i < SESSIONS; i++)
		if (bmc->sessions[i].id == id)
			return &bmc->sessions[i];
	return NULL;
}

/* ---- power -------------------------------------------------------------------------------------
 */

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000U + (uint64_t)ts.tv_nsec / 1000000U;
}

static void power_write(const struct bmc *bmc, bool on)
{
	owned(fd) int fd = open(bmc->state, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	(void)!write(fd, on ? "on\n" : "off\n", on ? 3 : 4);
}

static bool power_is_on(struct bmc *bmc)
{
	char text[16];

	if (bmc->cycle_off && now_ms() >= bmc->cycle_off) {
		power_write(bmc, false);
		bmc->cycle_off = 0;
	}
	if (bmc->cycle_on && now_ms() >= bmc->cycle_on) {
		power_write(bmc, true);
		bmc->cycle_on = 0;
	}
	return !file_text(bmc->state, text, sizeof(text)) || strncmp(text, "off", 3) != 0;
}

/* Returns the completion code. */
static unsigned chassis_control(struct bmc *bmc, const struct session *s, unsigned control)
{
	bool on = power_is_on(bmc);

	dprintf(bmc->log, "control %u\n", control);
	if (s->role < 3)
		return 0xd4;
	if (quirk_number(bmc->quirks, "busy_control"))
		return 0xc0;
	if (!on && (control == 2 || control == 3 || control == 4))
		return 0xd5;
	if (!on && control == 0 && quirk_number(bmc->quirks, "refuse_same"))
		return 0xd5;
	if (quirk_number(bmc->quirks, "stuck"))
		return 0;
	if (control == 0 || control == 1) {
		power_write(bmc, control == 1);
	} else if (control == 2 && !quirk_number(bmc->quirks, "ignore_cycle")) {
		bmc->cycle_off = now_ms() + 50;
		bmc->cycle_on = now_ms() + 1500;
	}
	return 0;
}

/* ---- commands ----------------------------------------------------------------------------------
 */

static void channel_capabilities(const struct bmc *bmc, struct packet *data)
{
	put8(data, 1);                                /* channel */
	put8(data, 0x80);                             /* only IPMI 2.0 below */
	put8(data, 0x04 | (bmc->kg_size ? 0x20 : 0)); /* named users; a Kg is set */
	put8(data, quirk_number(bmc->quirks, "only_15") ? 0x01 : 0x02);
	put(data, "\0\0\0\0", 4);
}

static void cipher_suites(const struct bmc *bmc, const unsigned char *request, struct packet *data)
{
	static const unsigned char records[] = { 0xc0, 3, 1, 0x41, 0x81, 0xc0, 17, 3, 0x44, 0x81 };

	put8(data, 1);
	if ((request[2] & 0x3f) == 0)
		put(data, records, sizeof(records));
}

/* The whole answer to one IPMI message: completion code and data. */
static void command(
	struct bmc *bmc, struct session *s, const unsigned char *m, size_t n, struct packet *data)
{
	unsigned function = m[1] >> 2, cmd = m[5];
	const unsigned char *request = m + 6;
	size_t size = n - 7;

	if (function == 6 && cmd == 0x38 && size >= 2) {
		put8(data, 0);
		channel_capabilities(bmc, data);
	} else if (function == 6 && cmd == 0x54 && size >= 3) {
		put8(data, 0);
		cipher_suites(bmc, request, data);
	} else if (!s) {
		put8(data, 0xd4);
	} else if (function == 6 && cmd == 0x3b && size >= 1) {
		put8(data, request[0] > s->role ? 0x81 : 0);
		put8(data, request[0] ? request[0] : s->role);
	} else if (function == 6 && cmd == 0x3c) {
		put8(data, 0);
		s->active = false;
	} else if (function == 6 && cmd == 0x37) {
		put8(data, 0);
		put(data, bmc->guid, 16);
	} else if (function == 6 && cmd == 0x01) {
		put8(data, 0);
		put(data, "\x20\x01\x01\x00\x02\x80\x00\x00\x00\x00\x00", 11);
	} else if (function == 0 && cmd == 0x01) {
		put8(data, quirk_number(bmc->quirks, "busy_status") ? 0xc0 : 0);
		put8(data, quirk_number(bmc->quirks, "lying_off") ? 0 : power_is_on(bmc));
		put(data, "\0\0", 2);
	} else if (function == 0 && cmd == 0x02 && size >= 1) {
		put8(data, chassis_control(bmc, s, request[0] & 0x0f));
	} else {
		put8(data, 0xc1);
	}
}

static unsigned checksum(const unsigned char *p, size_t n)
{
	unsigned sum = 0;

	while (n--)
		sum += *p++;
	return (0x100 - (sum & 0xff)) & 0xff;
}

/* An IPMI message in, an IPMI message out. */
static bool message(
	struct bmc *bmc, struct session *s, const unsigned char *m, size_t n, struct packet *out)
{
	struct packet data = { 0 };
	size_t start = out->n;

	if (n < 7 || checksum(m, 3) || checksum(m + 3, n - 3))
		return false;
	command(bmc, s, m, n, &data);
	put8(out, m[3]);
	put8(out, ((m[1] >> 2) + 1) << 2);
	put8(out, checksum(out->bytes + start, 2));
	put8(out, m[0]);
	put8(out, m[4]);
	put8(out, m[5]);
	put(out, data.bytes, data.n);
	put8(out, checksum(out->bytes + start + 3, out->n - start - 3) ^
			  (quirk_number(bmc->quirks, "bad_checksum") != 0));
	return true;
}

/* ---- opening a session
 * --------------------------------------------------------------------------- */

static void rmcp(struct packet *p)
{
	put(p, "\x06\x00\xff\x07", 4);
}

static void plus_header(struct packet *p, unsigned type, uint32_t id, uint32_t sequence, size_t n)
{
	rmcp(p);
	put8(p, 6);
	put8(p, type);
	put32(p, id);
	put32(p, sequence);
	put8(p, (unsigned)n);
	put8(p, (unsigned)(n >> 8));
}

static unsigned open_status(const struct bmc *bmc, const unsigned char *q, int *ret_suite)
{
	unsigned auth = q[12], integrity = q[20], crypt = q[28];
	long only = quirk_number(bmc->quirks, "only_suite");

	*ret_suite = auth == 3 && integrity == 4 && crypt == 1   ? 17
		     : auth == 1 && integrity == 1 && crypt == 1 ? 3
								 : 0;
	if (!*ret_suite || (only && only != *ret_suite))
		return auth == 3 ? 0x04 : 0x11; /* authentication algorithm; no matching suite */
	if (quirk_number(bmc->quirks, "role_in_open") && q[1] == 0)
		return 0x09; /* invalid role */
	return 0;
}

static void open_session(struct bmc *bmc, const unsigned char *q, size_t n, struct packet *out)
{
	struct session *s = NULL;
	unsigned status;
	bool again;
	int suite;

	if (n < 32)
		return;
	status = open_status(bmc, q, &suite);
	/* A request that is sent again gets the same answer. */
	for (int i = 0; i < SESSIONS && !s; i++)
		if (bmc->sessions[i].id && !bmc->sessions[i].active &&
			bmc->sessions[i].console == get32(q + 4) && bmc->sessions[i].suite == suite)
			s = &bmc->sessions[i];
	again = s != NULL;
	for (int i = 0; i < SESSIONS && !s; i++)
		if (!bmc->sessions[i].active)
			s = &bmc->sessions[(i + (int)bmc->packets) % SESSIONS];
	if (!s || s->active)
		s = &bmc->sessions[0];
	plus_header(out, 0x11, 0, 0, status ? 8 : 36);
	put8(out, q[0]);
	put8(out, status);
	put8(out, q[1] ? q[1] : 4);
	put8(out, 0);
	put(out, q + 4, 4);
	if (status)
		return;
	if (!again) {
		*s = (struct session){ .console = get32(q + 4), .suite = suite };
		RAND_bytes((unsigned char *)&s->id, 4);
		s->id |= 1;
	}
	put32(out, s->id);
	put(out, q + 8, 24);
}

static void rakp1(struct bmc *bmc, const unsigned char *q, size_t n, struct packet *out)
{
	struct session *s = n >= 28 ? session_find(bmc, get32(q + 4)) : NULL;
	unsigned char mac[32];
	struct packet p = { 0 };

	if (!s || q[27] > 16 || n < 28U + q[27])
		return;
	s->role = q[24] & 0x0f;
	if (!s->name_length || memcmp(s->rm, q + 8, 16) != 0)
		RAND_bytes(s->rc, 16); /* not if the same is asked again */
	memcpy(s->rm, q + 8, 16);
	s->name_length = q[27];
	memcpy(s->name, q + 28, s->name_length);
	if (strlen(bmc->user) != s->name_length ||
		memcmp(bmc->user, s->name, s->name_length) != 0) {
		plus_header(out, 0x13, 0, 0, 8);
		put8(out, q[0]);
		put8(out, 0x0d); /* unauthorized name */
		put(out, "\0\0", 2);
		put32(out, s->console);
		return;
	}
	put32(&p, s->console);
	put32(&p, s->id);
	put(&p, s->rm, 16);
	put(&p, s->rc, 16);
	put(&p, bmc->guid, 16);
	/* The role as it was sent, its upper bits too. */
	s->role = q[24];
	put8(&p, s->role);
	put8(&p, s->name_length);
	put(&p, s->name, s->name_length);
	hmac(s, bmc->password, strlen(bmc->password), &p, mac);
	plus_header(out, 0x13, 0, 0, 40 + digest_size(s));
	put8(out, q[0]);
	put8(out, 0);
	put(out, "\0\0", 2);
	put32(out, s->console);
	put(out, s->rc, 16);
	put(out, bmc->guid, 16);
	put(out, mac, digest_size(s));
}

static void rakp3(struct bmc *bmc, const unsigned char *q, size_t n, struct packet *out)
{
	struct session *s = n >= 8 ? session_find(bmc, get32(q + 4)) : NULL;
	unsigned char mac[32];
	struct packet p = { 0 };
	bool good;

	if (!s)
		return;
	put(&p, s->rc, 16);
	put32(&p, s->console);
	put8(&p, s->role);
	put8(&p, s->name_length);
	put(&p, s->name, s->name_length);
	hmac(s, bmc->password, strlen(bmc->password), &p, mac);
	good = n >= 8 + digest_size(s) && memcmp(mac, q + 8, digest_size(s)) == 0;
	plus_header(out, 0x15, 0, 0, good ? 8 + mac_size(s) : 8);
	put8(out, q[0]);
	put8(out, good ? 0 : 0x0f); /* invalid integrity check value */
	put(out, "\0\0", 2);
	put32(out, s->console);
	if (!good)
		return;
	session_keys(bmc, s);
	s->role &= 0x0f;
	s->active = true;
	p = (struct packet){ 0 };
	put(&p, s->rm, 16);
	put32(&p, s->id);
	put(&p, bmc->guid, 16);
	hmac(s, s->sik, digest_size(s), &p, mac);
	put(out, mac, mac_size(s));
}

/* ---- inside a session
 * ------------------------------------------------------------------------------ */

static size_t aes(const struct session *s, bool encrypt, const unsigned char *iv,
	const unsigned char *from, size_t n, unsigned char *to)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int done = 0;

	EVP_CipherInit_ex(c, EVP_aes_128_cbc(), NULL, s->k2, iv, encrypt);
	EVP_CIPHER_CTX_set_padding(c, 0);
	EVP_CipherUpdate(c, to, &done, from, (int)n);
	EVP_CIPHER_CTX_free(c);
	return (size_t)done;
}

static void mac_append(const struct session *s, struct packet *out)
{
	struct packet p = { 0 };
	unsigned char mac[32];
	unsigned pad = (unsigned)(4 - (out->n - 4 + 2) % 4) % 4;

	for (unsigned i = 0; i < pad; i++)
		put8(out, 0xff);
	put8(out, pad);
	put8(out, 7);
	put(&p, out->bytes + 4, out->n - 4);
	hmac(s, s->k1, digest_size(s), &p, mac);
	put(out, mac, mac_size(s));
}

static void protected(struct bmc *bmc, const unsigned char *d, size_t n, struct packet *out)
{
	struct session *s = session_find(bmc, get32(d + 6));
	size_t size = d[14] | (size_t)d[15] << 8, plain_n;
	unsigned char plain[PACKET_MAX], sealed[PACKET_MAX], iv[16], mac[32];
	struct packet answer = { 0 }, p = { 0 };
	unsigned pad;

	if (!s || !s->active || d[5] != 0xc0 || size < 32 || n < 16 + size + 2 + mac_size(s))
		return;
	put(&p, d + 4, n - 4 - mac_size(s));
	hmac(s, s->k1, digest_size(s), &p, mac);
	if (memcmp(mac, d + n - mac_size(s), mac_size(s)) != 0)
		return;
	plain_n = aes(s, false, d + 16, d + 32, size - 16, plain);
	if (plain_n < plain[plain_n - 1] + 1U)
		return;
	plain_n -= plain[plain_n - 1] + 1U;
	if (!message(bmc, s, plain, plain_n, &answer))
		return;
	for (pad = 0; (answer.n + 1) % 16;)
		put8(&answer, ++pad);
	put8(&answer, pad);
	RAND_bytes(iv, 16);
	size = aes(s, true, iv, answer.bytes, answer.n, sealed);
	plus_header(out, 0xc0, s->console, ++s->sequence, 16 + size);
	put(out, iv, 16);
	put(out, sealed, size);
	mac_append(s, out);
	if (quirk_number(bmc->quirks, "bad_mac"))
		out->bytes[out->n - 1] ^= 1;
}

/* ---- datagrams
 * ------------------------------------------------------------------------------------ */

static void datagram(struct bmc *bmc, const unsigned char *d, size_t n, struct packet *out)
{
	if (n < 5 || d[0] != 6 || d[3] != 7)
		return;
	if (d[4] == 0) { /* IPMI 1.5 format, no session */
		size_t at;

		if (n < 14 || n < 14U + d[13])
			return;
		rmcp(out);
		put(out, "\0\0\0\0\0\0\0\0\0", 9);
		at = out->n;
		put8(out, 0);
		if (!message(bmc, NULL, d + 14, d[13], out))
			out->n = 0;
		else
			out->bytes[at] = (unsigned char)(out->n - at - 1);
		return;
	}
	if (d[4] != 6 || n < 16)
		return;
	switch (d[5]) {
	case 0x10:
		open_session(bmc, d + 16, n - 16, out);
		break;
	case 0x12:
		rakp1(bmc, d + 16, n - 16, out);
		break;
	case 0x14:
		rakp3(bmc, d + 16, n - 16, out);
		break;
	default:
		protected
		(bmc, d, n, out);
	}
}

static void serve(struct bmc *bmc)
{
	for (;;) {
		unsigned char d[PACKET_MAX];
		struct sockaddr_storage peer;
		socklen_t size = sizeof(peer);
		struct packet out = { 0 };
		ssize_t n = recvfrom(bmc->fd, d, sizeof(d), 0, (struct sockaddr *)&peer, &size);
		long drop = quirk_number(bmc->quirks, "drop_every");

		if (n < 0)
			continue;
		bmc->packets++;
		if ((drop && bmc->packets % (unsigned)drop == 0) ||
			quirk_number(bmc->quirks, "mute"))
			continue;
		sleep_ms(quirk_number(bmc->quirks, "slow_ms"));
		datagram(bmc, d, (size_t)n, &out);
		if (quirk_number(bmc->quirks, "garbage"))
			RAND_bytes(out.bytes + 4, (int)(out.n > 4 ? out.n - 4 : 0));
		if (out.n)
			(void)!sendto(bmc->fd, out.bytes, out.n, 0, (struct sockaddr *)&peer, size);
	}
}

/* ---- command line
 * --------------------------------------------------------------------------------- */

__attribute__((noreturn)) static void usage(void)
{
	fputs("ipmi_bmc: a simulated management controller (IPMI 2.0, cipher suites 3 and 17)\n"
	      "  --listen PORT       UDP on 127.0.0.1; 0 takes a free one\n"
	      "  --port-file FILE    write the port there when ready\n"
	      "  --user NAME --password TEXT --kg TEXT\n"
	      "  --state FILE        holds \"on\" or \"off\"\n"
	      "  --log FILE          one line per chassis control\n"
	      "  --quirks FILE       name=value lines, read anew for each datagram:\n"
	      "     drop_every mute slow_ms garbage bad_mac bad_checksum only_suite role_in_open "
	      "only_15\n"
	      "     stuck lying_off ignore_cycle refuse_same busy_status busy_control\n",
		stderr);
	exit(2);
}

static int listen_at(const char *port, const char *port_file)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(at);
	FILE *f;

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		perror("ipmi_bmc: bind");
		exit(1);
	}
	getsockname(fd, (struct sockaddr *)&at, &size);
	f = port_file ? fopen(port_file, "we") : NULL;
	if (f) {
		fprintf(f, "%d\n", ntohs(at.sin_port));
		fclose(f);
	}
	return fd;
}

int main(int argc, char **argv)
{
	enum { LISTEN, PORT_FILE, USER, PASSWORD, KG, STATE, LOG, QUIRKS, N };
	static const struct option options[] = { { "listen", 1, NULL, LISTEN },
		{ "port-file", 1, NULL, PORT_FILE }, { "user", 1, NULL, USER },
		{ "password", 1, NULL, PASSWORD }, { "kg", 1, NULL, KG },
		{ "state", 1, NULL, STATE }, { "log", 1, NULL, LOG }, { "quirks", 1, NULL, QUIRKS },
		{ 0 } };
	const char *texts[N] = { "0", NULL, "admin", "secret", NULL, "power", "/dev/null", NULL };
	struct bmc bmc = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c >= N)
			usage();
		texts[c] = optarg;
	}
	bmc.user = texts[USER];
	bmc.password = texts[PASSWORD];
	bmc.state = texts[STATE];
	bmc.quirks = texts[QUIRKS];
	bmc.log = open(texts[LOG], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	bmc.kg_size = texts[KG] ? (int)strnlen(texts[KG], 20) : 0;
	memcpy(bmc.kg, texts[KG] ? texts[KG] : "", (size_t)bmc.kg_size);
	for (unsigned i = 0; i < 16; i++)
		bmc.guid[i] = (unsigned char)(i + 1);
	bmc.fd = listen_at(texts[LISTEN], texts[PORT_FILE]);
	serve(&bmc);
}
