/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <criterion/criterion.h>

#include "base/memory.h"

#define PAGE 4096

#ifdef __SANITIZE_ADDRESS__
#define LOCKS 0 /* the sanitizer takes mlockall for itself, and locks nothing */
#else
#define LOCKS 1
#endif

/* Pages that this process holds of a segment of an object: (present or swapped, by pagemap). */
static size_t held(const void *from, size_t len)
{
	FILE *f = fopen("/proc/self/pagemap", "re");
	size_t n = 0;
	uint64_t entry;

	cr_assert_not_null(f);
	fseek(f, (long)((uintptr_t)from / PAGE * sizeof(entry)), SEEK_SET);
	for (size_t at = 0; at < len; at += PAGE)
		n += fread(&entry, sizeof(entry), 1, f) == 1 && entry >> 63;
	fclose(f);
	return n;
}

struct segment {
	const void *from;
	size_t len;
};

/* The text of the library that this function is in. */
static int text_of(struct dl_phdr_info *object, size_t size, void *ctx)
{
	struct segment *s = ctx;
	uintptr_t function = (uintptr_t)s->from;

	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];
		uintptr_t at = object->dlpi_addr + p->p_vaddr;

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) || function < at ||
			function >= at + p->p_memsz)
			continue;
		s->from = (const void *)(at & ~(uintptr_t)(PAGE - 1));
		s->len = p->p_memsz;
		return 1;
	}
	return 0;
}

static unsigned long locked_kb(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	char line[128];
	unsigned long kb = 0;

	cr_assert_not_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmLck: %lu", &kb) == 1)
			break;
	fclose(f);
	return kb;
}

Test(memory, keeps_what_is_used_and_not_what_the_start_needed)
{
	void *library = dlopen("libm.so.6", RTLD_NOW);
	double (*sine)(double) = library ? (double (*)(double))dlsym(library, "sin") : NULL;
	struct segment text = { (const void *)sine, 0 };
	static int constant = 42;
	size_t before;
	int rc;

	cr_assert_not_null(sine);
	cr_assert(dl_iterate_phdr(text_of, &text));
	for (size_t at = 0; at < text.len; at += PAGE)
		(void)*((const volatile char *)text.from + at);
	before = held(text.from, text.len);
	constant++;
	rc = memory_lock(false);
	cr_assert_eq(before, (text.len + PAGE - 1) / PAGE, "all of it was touched");
	cr_assert_lt(held(text.from, text.len), before / 2, "what was touched once is not kept");
	cr_assert_eq(constant, 43, "what was written is");
	cr_assert_float_eq(sine(1), 0.8414709848, 1e-9, "what is needed again comes back");
	cr_assert_gt(held(text.from, text.len), 0);
	if (rc == 0)
		cr_assert(!LOCKS || locked_kb() > 0);
	else
		cr_assert(rc == -EPERM || rc == -ENOMEM, "%d", rc);
}
