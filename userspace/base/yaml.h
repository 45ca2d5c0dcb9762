/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Yaml: a JSON value written as YAML 1.2, for people. */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include <stdio.h>

#include <jansson.h>

/* Whole lines. What could be read as something else is quoted. */
void yaml_print(const json_t *value, FILE *out);

#endif
