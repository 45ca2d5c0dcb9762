/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings: the parameter values of one call, from standard input or the command line, checked. */
#ifndef FENCE_SETTINGS_H
#define FENCE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "param.h"

struct settings;

/* Takes what complaints there are (unknown parameters), one call each; ctx is the caller's. */
typedef void settings_warn(void *ctx, const char *text);

struct settings *settings_new(const struct params *params);
void settings_free(struct settings *settings); /* wipes secrets; NULL is fine */

/* "name=value" lines as fencers write them: blank lines and '#' skipped, one pair of quotes
 * stripped, the last of a name wins, unknown names warned of and ignored. Wipes nothing in text. */
void settings_take_text(
	struct settings *settings, const char *text, size_t size, settings_warn *warn, void *ctx);

/* getopt style. Overwrites secrets in argv. -EINVAL: an option that does not exist. */
int settings_take_argv(
	struct settings *settings, int argc, char **argv, settings_warn *warn, void *ctx);

/* Reads X from X_script or X_file for each secret X, then checks types, ranges and selects.
 * On -EINVAL (or -ETIMEDOUT of a script) *ret_problem is a sentence. The script has timeout_ms. */
int settings_finish(struct settings *settings, uint64_t timeout_ms, char **ret_problem);

/* The value, or the default, or NULL. The name must be in the table. */
const char *settings_get(const struct settings *settings, const char *name);
bool settings_given(const struct settings *settings, const char *name);
bool settings_flag(const struct settings *settings, const char *name);
long settings_number(const struct settings *settings, const char *name); /* 0 without a value */
uint64_t settings_ms(const struct settings *settings, const char *name); /* of seconds */

#endif
