/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pki: a throw-away CA with certificates, and a loop that runs until something is so, for tests. */
#ifndef TESTS_UNIT_PKI_H
#define TESTS_UNIT_PKI_H

#include <stdio.h>

#include <criterion/criterion.h>
#include <uv.h>

#include "base/own.h"
#include "edge/authority.h"
#include "edge/identity.h"

struct pki {
	char dir[32];
};

static inline void pki_init(struct pki *pki)
{
	char *why = NULL;

	snprintf(pki->dir, sizeof(pki->dir), "/tmp/picket-pki-XXXXXX");
	cr_assert(mkdtemp(pki->dir));
	cr_assert_eq(authority_create(pki->dir, "test", &why), 0, "%s", why);
}

static inline void pki_done(struct pki *pki)
{
	owned(free) char *command = own_printf("rm -rf %s", pki->dir);

	cr_assert_eq(system(command), 0);
}

static inline struct identity *pki_identity(struct pki *pki, const char *name, unsigned roles)
{
	struct authority_subject subject = { .name = name, .roles = roles };
	owned(free) char *out = own_printf("%s/%s", pki->dir, name);
	struct identity *identity = NULL;
	char *why = NULL;

	cr_assert_eq(authority_issue(pki->dir, &subject, out, &why), 0, "%s", why);
	cr_assert_eq(identity_load(out, &identity, &why), 0, "%s", why);
	return identity;
}

static inline void pki_on_look(uv_timer_t *timer)
{
	unsigned *looks = timer->data;

	cr_assert_lt(++*looks, 2000, "still waiting after 10 s");
}

/* Turns the loop until the condition holds; looks after each event and every 5 ms. */
#define run_until(loop, condition)                                                                 \
	do {                                                                                       \
		uv_timer_t look;                                                                   \
		unsigned looks = 0;                                                                \
		uv_timer_init(loop, &look);                                                        \
		look.data = &looks;                                                                \
		uv_timer_start(&look, pki_on_look, 5, 5);                                          \
		while (!(condition))                                                               \
			uv_run(loop, UV_RUN_ONCE);                                                 \
		uv_close((uv_handle_t *)&look, NULL);                                              \
		uv_run(loop, UV_RUN_NOWAIT);                                                       \
	} while (0)

/* Everything was closed: nothing is left on the loop. */
static inline void loop_done(uv_loop_t *loop)
{
	uv_run(loop, UV_RUN_DEFAULT);
	cr_assert_eq(uv_loop_close(loop), 0);
}

#endif
