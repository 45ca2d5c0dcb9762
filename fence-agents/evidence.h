/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Evidence: what a device was asked and what it answered, one JSON line per step. */
#ifndef FENCE_EVIDENCE_H
#define FENCE_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

struct evidence {
	int fd; /* -1 = nobody wants it */
	const char *agent;
};

/* path: NULL = none, "-" = standard output, otherwise a file to append to. 0 or -errno. */
int evidence_init(struct evidence *evidence, const char *agent, const char *path);
void evidence_done(struct evidence *evidence);

struct evidence_step {
	const char *step;     /* "login", "identity", "get", "set", "proof" … */
	const char *plug;     /* NULL = none */
	const char *asked;    /* NULL = none; such as "GET /redfish/v1/Systems/1" */
	const char *answered; /* NULL = none; such as "HTTP 200" */
	const char *read;     /* NULL = none; the state or value as the device wrote it */
	unsigned reads;       /* 0 = none; of a proof: how often in a row it was read so */
	uint64_t start_ns;    /* CLOCK_BOOTTIME; 0 = now */
};

/*
 * {"t":…,"agent":…,"step":…,"plug":…,"asked":…,"answered":…,"read":…,"reads":…,"ms":…}. t is the
 * time of the end in ns since boot. Bytes that are not UTF-8 become '?': devices send what they
 * like.
 */
void evidence_add(struct evidence *evidence, const struct evidence_step *step);

#endif
