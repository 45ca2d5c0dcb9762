/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kfunc: renews the lease as an XDP program does that calls picket_renew(), in a guest.
 *
 *   kfunc INCARNATION SEQ AHEAD_MS [EVERY_MS]    once: what the call returned, "renewed" or its
 *                                                error; or again and again, with rising SEQ
 *
 * Each program is made here, run once over an empty frame, and forgotten. No library: the
 * function's number is looked up in the module's BTF, which goes on where the kernel's ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MS 1000000ULL
#define BTF_MAX (64 << 20)

struct btf {
	const struct btf_header *head;
	uint32_t types;
};

static int fail(const char *what)
{
	printf("kfunc: %s: %s\n", what, strerror(errno));
	return errno ? errno : 1;
}

static int bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* The bytes that a type's record has after its head. */
static uint32_t more(const struct btf_type *t)
{
	uint32_t n = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return n * (uint32_t)sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return n * (uint32_t)sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return n * 12;
	case BTF_KIND_FUNC_PROTO:
		return n * (uint32_t)sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return n * (uint32_t)sizeof(struct btf_var_secinfo);
	default:
		return 0;
	}
}

/* Counts the types; the number among them of the function of that name, if it has one, from 1. */
static uint32_t walk(struct btf *b, uint32_t strings, const char *name)
{
	const char *at = (const char *)b->head + b->head->hdr_len + b->head->type_off;
	const char *end = at + b->head->type_len;
	const char *text = (const char *)b->head + b->head->hdr_len + b->head->str_off;
	uint32_t found = 0;

	for (b->types = 0; at < end;) {
		const struct btf_type *t = (const struct btf_type *)at;

		b->types++;
		if (name && BTF_INFO_KIND(t->info) == BTF_KIND_FUNC && t->name_off >= strings &&
			!strcmp(text + t->name_off - strings, name))
			found = b->types;
		at += sizeof(*t) + more(t);
	}
	return found;
}

static int btf_read(const char *path, struct btf *ret)
{
	char *data = malloc(BTF_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n, len = 0;

	if (!data || fd < 0)
		return fail(path);
	while ((n = read(fd, data + len, (size_t)(BTF_MAX - len))) > 0)
		len += n;
	close(fd);
	ret->head = (const struct btf_header *)data;
	return n < 0 || len < (ssize_t)sizeof(*ret->head) ? fail(path) : 0;
}

/* The file descriptor of the module's types, which the program's loader has to show. */
static int btf_open(const char *module)
{
	union bpf_attr attr = { 0 };

	while (bpf(BPF_BTF_GET_NEXT_ID, &attr) == 0) {
		char name[64] = "";
		struct bpf_btf_info info = { .name = (uint64_t)(uintptr_t)name,
			.name_len = sizeof(name) };
		union bpf_attr get = { .btf_id = attr.next_id }, ask = { 0 };
		int fd = bpf(BPF_BTF_GET_FD_BY_ID, &get);

		ask.info.bpf_fd = (uint32_t)fd;
		ask.info.info_len = sizeof(info);
		ask.info.info = (uint64_t)(uintptr_t)&info;
		if (fd >= 0 && bpf(BPF_OBJ_GET_INFO_BY_FD, &ask) == 0 && !strcmp(name, module))
			return fd;
		if (fd >= 0)
			close(fd);
		attr.start_id = attr.next_id;
	}
	return -1;
}

#define INSN(CODE, DST, SRC, OFF, IMM)                                                             \
	(struct bpf_insn)                                                                          \
	{                                                                                          \
		.code = (CODE), .dst_reg = (DST), .src_reg = (SRC), .off = (OFF),                  \
		.imm = (int32_t)(IMM)                                                              \
	}
#define WIDE(DST, V)                                                                               \
	INSN(BPF_LD | BPF_DW | BPF_IMM, DST, 0, 0, (uint32_t)(V)),                                 \
		INSN(0, 0, 0, 0, (uint32_t)((uint64_t)(V) >> 32))

/* return picket_renew(incarnation, seq, bpf_ktime_get_boot_ns() + ahead) */
static int program(uint32_t id, int btf, uint64_t incarnation, uint64_t seq, uint64_t ahead)
{
	static char said[65536];
	const int fds[] = { 0, btf };
	const struct bpf_insn code[] = {
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ktime_get_boot_ns),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, 3, 0, 0, 0),
		WIDE(1, ahead),
		INSN(BPF_ALU64 | BPF_ADD | BPF_X, 3, 1, 0, 0),
		WIDE(1, incarnation),
		WIDE(2, seq),
		INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 1, id),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uint64_t)(uintptr_t)code,
		.insn_cnt = sizeof(code) / sizeof(code[0]),
		.license = (uint64_t)(uintptr_t) "GPL",
		.log_buf = (uint64_t)(uintptr_t)said,
		.log_size = sizeof(said),
		.log_level = 1,
		.fd_array = (uint64_t)(uintptr_t)fds };
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		puts(said);
	return fd;
}

static int renew(uint32_t id, int btf, uint64_t incarnation, uint64_t seq, uint64_t ahead)
{
	char frame[64] = "";
	union bpf_attr run = { .test = { .data_in = (uint64_t)(uintptr_t)frame,
				       .data_size_in = sizeof(frame) } };
	int fd = program(id, btf, incarnation, seq, ahead), rc = 0;

	if (fd < 0)
		return fail("the program");
	run.test.prog_fd = (uint32_t)fd;
	if (bpf(BPF_PROG_TEST_RUN, &run))
		rc = fail("its run");
	close(fd);
	errno = -(int)run.test.retval;
	return rc ? rc : run.test.retval ? fail("renewal") : 0;
}

int main(int argc, char **argv)
{
	struct btf kernel, module;
	uint64_t number[5] = { 0 };
	uint32_t id;
	int rc, types;

	for (int i = 1; i < argc && i < 5; i++)
		number[i] = strtoull(argv[i], NULL, 10);
	if (argc < 4 || argc > 5)
		return printf("kfunc INCARNATION SEQ AHEAD_MS [EVERY_MS]\n"), 2;
	if (btf_read("/sys/kernel/btf/vmlinux", &kernel) ||
		btf_read("/sys/kernel/btf/picket", &module))
		return 1;
	walk(&kernel, 0, NULL);
	id = walk(&module, kernel.head->str_len, "picket_renew");
	errno = ENOENT;
	if (!id)
		return fail("picket_renew");
	id += kernel.types;
	types = btf_open("picket");
	do {
		rc = renew(id, types, number[1], number[2]++, number[3] * MS);
		usleep((useconds_t)number[4] * 1000);
	} while (number[4]);
	if (!rc)
		puts("kfunc: renewed");
	return rc;
}
