/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dates, durations, ranges and values of any text: what is taken can be written and read again. */
#include <stdlib.h>

#include "base/own.h"
#include "core/model/value.h"
#include "core/model/when.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned(free) char *text = own_alloc(size + 1);
	const struct when now = { .seconds = 1700000000, .offset_s = 3600 };
	struct when_duration d;
	struct when w, again;
	uint64_t ms;
	bool in;

	memcpy(text, data, size);
	if (!when_parse(text, &now, &w)) {
		char written[WHEN_TEXT_MAX];

		when_format(&w, written);
		if (when_parse(written, &now, &again) || when_compare(&w, &again))
			abort();
		if (!when_duration_parse(text, &d))
			when_add(&w, &d);
	}
	if (!when_duration_parse(text, &d))
		when_add(&now, &d);
	when_range(text, 5, &in);
	value_ms(text, &ms);
	value_score(text, NULL);
	value_version_compare(text, "1.2");
	return 0;
}
