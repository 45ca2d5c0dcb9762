# SPDX-License-Identifier: GPL-2.0-or-later
# picket's build. `make` alone prints what it can do.
#   V=1                       show every command
#   SAN=address,undefined     build and test with sanitizers (own build folder)
#   CC=clang                  the other compiler (own build folder)

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CC := $(if $(filter default undefined,$(origin CC)),gcc,$(CC))
CLANG ?= clang
BPFTOOL ?= bpftool
PKG_CONFIG ?= pkg-config
SAN ?=
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),@:,@printf '  %-7s %s\n' '$(1)' '$(2)')

empty :=
comma := ,
B := .build/$(notdir $(CC))$(if $(SAN),-$(subst $(comma),-,$(SAN)))
GEN := .build/gen
BIN := $(B)/bin

PKGS := libuv raft libssl libcrypto jansson libfyaml libxml-2.0 libical libmicrohttpd gnutls libcurl \
	libsystemd libbpf libelf zlib sqlite3 libmnl
PKGS_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKGS) 2>/dev/null)
PKGS_LIBS := $(shell $(PKG_CONFIG) --libs $(PKGS) 2>/dev/null)

WARN := -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wpointer-arith \
	-Wformat=2 -Wvla -Wundef -Wwrite-strings -Wno-unused-parameter -Wno-missing-field-initializers \
	$(if $(findstring gcc,$(CC)),-Wno-format-truncation)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE $(CFLAGS) $(WARN) $(SANFLAGS) -fPIE -pthread \
	-Iinclude -Iuserspace -Ifence-agents -I$(GEN) $(PKGS_CFLAGS) -MMD -MP
ALL_LDFLAGS = $(LDFLAGS) $(SANFLAGS) -pie -pthread -Wl,--as-needed -Wl,-z,relro,-z,now
LDLIBS = $(PKGS_LIBS) -lm

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# What packages and the module are called; .debian/changelog has it.
RELEASE := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' .debian/changelog debian/changelog 2>/dev/null | head -n 1)

# ---- sources: the folder is the floor, the file is the noun -------------------------------------
BASE_SRC := $(wildcard userspace/base/*.c)
CORE_SRC := $(wildcard userspace/core/*.c userspace/core/*/*.c)
EDGE_SRC := $(wildcard userspace/edge/*.c)
PROG_SRC := $(wildcard userspace/*.c)
FENCE_SRC := $(wildcard fence-agents/fence_picket_*.c)
FENCE_LIB_SRC := $(filter-out $(FENCE_SRC) fence-agents/late.c,$(wildcard fence-agents/*.c))
BPF_SRC := $(wildcard bpf/*.bpf.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
BPFTEST_SRC := $(wildcard tests/bpf/test_*.c)
BPFTEST_LIB_SRC := $(filter-out $(BPFTEST_SRC),$(wildcard tests/bpf/*.c))
TOOL_SRC := $(filter-out %.bpf.c,$(wildcard tests/lab/*.c tests/stack/*.c tests/bench/*.c tests/fence/*.c tests/agent/*.c))

obj = $(patsubst %.c,$(B)/%.o,$(1))
SKELS := $(patsubst bpf/%.bpf.c,$(GEN)/%.skel.h,$(BPF_SRC))
LIBBASE := $(B)/libbase.a
LIBCORE := $(B)/libcore.a
LIBEDGE := $(B)/libedge.a
LIBFENCE := $(B)/libfence.a
LIBBPFTEST := $(B)/libbpftest.a
PROGS := $(patsubst userspace/%.c,$(BIN)/%,$(PROG_SRC))
FENCE := $(patsubst fence-agents/%.c,$(BIN)/%,$(FENCE_SRC))
UNIT := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC))
BPFTEST := $(patsubst tests/bpf/%.c,$(B)/bpftest/%,$(BPFTEST_SRC))
SIM_SRC := $(wildcard tests/sim/*.c)
TOOLS := $(patsubst tests/%.c,$(B)/tools/%,$(TOOL_SRC)) $(if $(SIM_SRC),$(B)/tools/sim/sim)

.PHONY: help
help: ## what this Makefile can do
	@printf 'picket: high availability for Linux\n\n'
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\n  V=1 shows commands; SAN=address,undefined and CC=clang choose other builds\n'

.PHONY: all
all: $(PROGS) $(FENCE) $(B)/ocf/.made ## build every program (needs the packages of `make setup`)

.PHONY: setup
setup: ## install the packages that a build needs (root)
	$(Q)tests/setup.sh build

.PHONY: check
check: ## unit tests and house rules; no root, under 3 minutes
	$(Q)$(MAKE) --no-print-directory all unit
	$(Q)tests/run.sh check $(B)

.PHONY: test
test: ## everything, as root; installs what it needs; up to 45 minutes
	$(Q)tests/setup.sh stack
	$(Q)tests/run.sh test $(B)

.PHONY: soak
soak: ## the long campaigns: fault rounds, seeds, fuzzing (the same code as in test)
	$(Q)tests/setup.sh survey
	$(Q)tests/run.sh soak $(B)

.PHONY: lab
lab: ## a three-node cluster in namespaces, with virtual BMCs, to look at (root); STACK=openstack: with everything
	$(Q)tests/setup.sh $(if $(STACK),stack,lab)
	$(Q)$(MAKE) --no-print-directory all tools
	$(Q)tests/lab/picket-lab up

.PHONY: lab-down
lab-down: ## take the lab away; leaves nothing behind
	$(Q)tests/lab/picket-lab down

.PHONY: counter-example
counter-example: ## the same split under keepalived and under picket, judged and drawn (root)
	$(Q)tests/setup.sh stack
	$(Q)$(MAKE) --no-print-directory all tools
	$(Q)tests/stack/counter-example

.PHONY: model
model: ## the lease protocol in Spin: exhaustive, each rule broken alone gives a counterexample
	$(Q)tests/setup.sh test
	$(Q)PICKET_MODE=soak tests/model/test-model

.PHONY: bench
bench: ## benchmarks, side by side with a peer or a bound (root)
	$(Q)tests/setup.sh stack
	$(Q)$(MAKE) --no-print-directory all tools bpftest
	$(Q)tests/run.sh bench $(B)

.PHONY: unit bpftest tools objects
# Compiled, not linked: what a compiler has to say against a source.
objects: $(call obj,$(BASE_SRC) $(CORE_SRC) $(EDGE_SRC) $(PROG_SRC) $(FENCE_SRC) $(FENCE_LIB_SRC) $(UNIT_SRC))
unit: $(UNIT)
bpftest: $(BPFTEST)
tools: $(TOOLS)

.PHONY: format
format: ## clang-format over the tree
	$(Q)git ls-files '*.c' '*.h' | xargs clang-format -i

.PHONY: manual
manual: $(BIN)/picket ## write picket.1's commands and options anew, from the table
	$(Q){ sed '/^\.SH COMMANDS/,$$d' userspace/picket.1; $< manual; sed -n '/^\.SH EXIT STATUS/,$$p' userspace/picket.1; } >$(B)/picket.1
	$(Q)cp $(B)/picket.1 userspace/picket.1

# ---- a host's integration: what goes where -----------------------------------------------------
DESTDIR ?=
prefix ?= /usr
sysconfdir ?= /etc
unitdir ?= $(prefix)/lib/systemd/system
D = $(DESTDIR)$(prefix)
H := userspace/host
OCF_NAMES = $(notdir $(shell find $(B)/ocf -type l 2>/dev/null))

.PHONY: install install-programs install-host install-manual install-kmod
install: install-programs install-host install-manual install-kmod ## into DESTDIR, below prefix (/usr)

install-programs: all
	$(call say,INSTALL,$(D): programs)
	$(Q)install -d $(D)/bin $(D)/sbin $(D)/libexec/picket/ocf $(D)/lib/ocf/resource.d/picket
	$(Q)install -m755 $(BIN)/picket $(D)/bin/
	$(Q)install -m755 $(BIN)/picketd $(BIN)/picket-agent $(FENCE) $(D)/sbin/
	$(Q)install -m755 $(BIN)/picket-ocf $(BIN)/picket-cib $(D)/libexec/picket/
	$(Q)install -m755 $(BIN)/ocf_picket_address $(D)/lib/ocf/resource.d/picket/address
	$(Q)for l in $(B)/ocf/*; do ln -sfn "../$$(basename "$$(readlink "$$l")")" "$(D)/libexec/picket/ocf/$${l##*/}"; done

install-host: all
	$(call say,INSTALL,$(D): units and what a host looks for)
	$(Q)install -d $(DESTDIR)$(unitdir) $(D)/lib/sysusers.d $(D)/lib/tmpfiles.d $(D)/lib/firewalld/services $(D)/lib/systemd/catalog \
		$(D)/share/picket $(D)/share/bash-completion/completions $(D)/share/zsh/vendor-completions \
		$(D)/share/fish/vendor_completions.d
	$(Q)install -d -m750 $(DESTDIR)$(sysconfdir)/picket $(DESTDIR)$(sysconfdir)/picket/pki
	$(Q)for u in $(H)/*.service; do sed 's,=/usr/sbin,=$(prefix)/sbin,' $$u >$(DESTDIR)$(unitdir)/$${u##*/} && \
		chmod 644 $(DESTDIR)$(unitdir)/$${u##*/}; done
	$(Q)install -m644 $(H)/sysusers.conf $(D)/lib/sysusers.d/picket.conf
	$(Q)install -m644 $(H)/tmpfiles.conf $(D)/lib/tmpfiles.d/picket.conf
	$(Q)install -m644 $(H)/firewalld.xml $(D)/lib/firewalld/services/picket.xml
	$(Q)install -m644 $(H)/picket.catalog $(D)/lib/systemd/catalog/
	$(Q)install -m644 $(H)/prometheus.yaml $(H)/grafana.json $(H)/picketd.yaml $(H)/agent.yaml $(D)/share/picket/
	$(Q)$(BIN)/picket completion bash >$(D)/share/bash-completion/completions/picket
	$(Q)$(BIN)/picket completion zsh >$(D)/share/zsh/vendor-completions/_picket
	$(Q)$(BIN)/picket completion fish >$(D)/share/fish/vendor_completions.d/picket.fish

install-manual:
	$(call say,INSTALL,$(D)/share/man)
	$(Q)for m in userspace/*.[1-8] fence-agents/*.[1-8] kmod/*.[1-8]; do \
		install -D -m644 $$m $(D)/share/man/man$${m##*.}/$${m##*/}; done

install-kmod: S = $(D)/src/picket-$(RELEASE)
install-kmod:
	$(call say,INSTALL,$(S))
	$(Q)install -d $(S)/kmod $(S)/include/picket $(D)/lib/modprobe.d
	$(Q)install -m644 Kbuild LICENSE $(S)/
	$(Q)install -m644 kmod/*.[ch] $(S)/kmod/
	$(Q)install -m644 include/picket/*.h $(S)/include/picket/
	$(Q)sed 's/#MODULE_VERSION#/$(RELEASE)/' kmod/dkms.conf >$(S)/dkms.conf
	$(Q)install -m644 kmod/picket.conf $(D)/lib/modprobe.d/picket.conf

.PHONY: uninstall
uninstall: ## take away what `make install` put there; configuration and state stay
	$(Q)rm -f $(D)/bin/picket $(D)/sbin/picketd $(D)/sbin/picket-agent $(addprefix $(D)/sbin/,$(notdir $(FENCE))) \
		$(foreach u,$(wildcard $(H)/*.service),$(DESTDIR)$(unitdir)/$(notdir $(u))) \
		$(D)/lib/sysusers.d/picket.conf $(D)/lib/tmpfiles.d/picket.conf $(D)/lib/modprobe.d/picket.conf \
		$(D)/lib/firewalld/services/picket.xml $(D)/lib/systemd/catalog/picket.catalog $(D)/share/bash-completion/completions/picket \
		$(D)/share/zsh/vendor-completions/_picket $(D)/share/fish/vendor_completions.d/picket.fish \
		$(foreach m,$(wildcard userspace/*.[1-8] fence-agents/*.[1-8] kmod/*.[1-8]),$(D)/share/man/man$(lastword $(subst ., ,$(m)))/$(notdir $(m)))
	$(Q)rm -rf $(D)/libexec/picket $(D)/lib/ocf/resource.d/picket $(D)/share/picket $(D)/src/picket-$(RELEASE)

# The tree as it is, with .debian/ as debian/: what stands at the top of ours is for readers.
.PHONY: deb
deb: DEB = .build/deb/picket-$(RELEASE)
deb: ## Debian packages in .build/deb (needs debhelper, dh-dkms)
	$(Q)rm -rf .build/deb && mkdir -p $(DEB)
	$(Q)tar -c --exclude=./.build --exclude=./.git --exclude=./.ci --exclude=__pycache__ . | tar -x -C $(DEB)
	$(Q)mv $(DEB)/.debian $(DEB)/debian
	$(Q)cd $(DEB) && DEB_BUILD_OPTIONS="parallel=$$(nproc) $(DEB_BUILD_OPTIONS)" MAKEFLAGS= MAKELEVEL= \
		dpkg-buildpackage -us -uc -b $(DEBFLAGS)
	$(Q)rm -rf $(DEB) && ls .build/deb/*.deb

.PHONY: clean
clean: ## remove what was built
	$(Q)rm -rf .build compile_commands.json

# ---- rules --------------------------------------------------------------------------------------
$(B)/%.o: %.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(EXTRA_CFLAGS) -c $< -o $@

# A skeleton is generated from the BPF object; whoever includes one needs all of them made first.
$(call obj,$(EDGE_SRC) $(PROG_SRC) $(BPFTEST_SRC) $(BPFTEST_LIB_SRC) $(TOOL_SRC)): | $(SKELS)

$(call obj,$(PROG_SRC) fence-agents/agent.c): EXTRA_CFLAGS = -DPICKET_VERSION='"$(VERSION)"'

define archive
	$(call say,AR,$@)
	$(Q)rm -f $@ && mkdir -p $(@D) && ar rcs $@ $^
endef
$(LIBBASE): $(call obj,$(BASE_SRC))
	$(archive)
$(LIBCORE): $(call obj,$(CORE_SRC))
	$(archive)
$(LIBEDGE): $(call obj,$(EDGE_SRC))
	$(archive)
$(LIBFENCE): $(call obj,$(FENCE_LIB_SRC))
	$(archive)
$(LIBBPFTEST): $(call obj,$(BPFTEST_LIB_SRC))
	$(archive)

ARCHIVES := $(LIBEDGE) $(LIBCORE) $(LIBBASE)
define link
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
		$(LDLIBS) $(EXTRA_LIBS)
endef
$(PROGS): $(BIN)/%: $(B)/userspace/%.o $(ARCHIVES)
	$(link)
# The folder that OCF agents find first in their PATH.
$(B)/ocf/.made: $(BIN)/picket-ocf $(BIN)/picket-cib
	$(call say,LINKS,$(@D))
	$(Q)$< --install $(@D) && touch $@
# Agents load libcurl and net-snmp themselves, when they need one (late.c); the command line libcurl, libxml2, libical.
soname = $(shell readelf -d "$$($(CC) -print-file-name=lib$(1).so)" 2>/dev/null | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
$(B)/fence-agents/late.o: EXTRA_CFLAGS = -fvisibility=hidden -DLATE_CURL='"$(call soname,curl)"' \
	-DLATE_SNMP='"$(call soname,netsnmp)"'
$(B)/userspace/late.o: EXTRA_CFLAGS = -fvisibility=hidden -DLATE_CURL='"$(call soname,curl)"' \
	-DLATE_XML='"$(call soname,xml2)"' -DLATE_ICAL='"$(call soname,ical)"'
$(B)/userspace/late.o: fence-agents/late.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(EXTRA_CFLAGS) -c $< -o $@
$(BIN)/picket: LDLIBS := $(filter-out -lcurl -lxml2 -lical,$(LDLIBS))
$(BIN)/picket: $(B)/userspace/late.o
$(FENCE): EXTRA_LIBS = -lfreeipmi
$(FENCE): LDLIBS := $(filter-out -lcurl,$(LDLIBS))
$(FENCE): $(BIN)/%: $(B)/fence-agents/%.o $(B)/fence-agents/late.o $(LIBFENCE) $(LIBBASE)
	$(link)
$(UNIT): EXTRA_LIBS = -lcriterion -lfreeipmi -lnetsnmp
$(UNIT): $(B)/unit/%: $(B)/tests/unit/%.o $(ARCHIVES) $(LIBFENCE)
	$(link)
# libFuzzer's programs: everything they link is instrumented, in a build folder of its own.
FUZZ := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
.PHONY: fuzz fuzz-here
fuzz: ## the fuzzers of tests/fuzz, with clang (tests/fuzz/test-* run them)
	$(Q)mkdir -p .build && flock .build/fuzz.lock $(MAKE) --no-print-directory CC=clang SAN=fuzzer-no-link,address,undefined CFLAGS='-O1 -g' fuzz-here
fuzz-here: $(FUZZ)
$(FUZZ): EXTRA_LIBS = -fsanitize=fuzzer -lfreeipmi -lnetsnmp
$(FUZZ): $(B)/fuzz/%: $(B)/tests/fuzz/%.o $(LIBFENCE) $(LIBCORE) $(LIBBASE)
	$(link)
$(BPFTEST): EXTRA_LIBS = -lcriterion
$(BPFTEST): $(B)/bpftest/%: $(B)/tests/bpf/%.o $(ARCHIVES) $(LIBBPFTEST)
	$(link)
$(B)/tools/sim/sim: $(call obj,$(SIM_SRC)) $(ARCHIVES)
	$(link)

$(filter-out %/sim/sim,$(TOOLS)): $(B)/tools/%: $(B)/tests/%.o $(ARCHIVES) $(LIBBPFTEST)
	$(link)

# What the lab alone loads, the far end of its cables, and what feeds a benchmark.
define bpf_for_tests
$(call say,BPF,$<)
$(Q)mkdir -p $(@D)
$(Q)$(CLANG) -target bpf -O2 -g -Wall -Werror -I/usr/include/$(shell gcc -print-multiarch) -c $< -o $@
endef
$(GEN)/lab_%.bpf.o: tests/lab/lab_%.bpf.c
	$(bpf_for_tests)
$(GEN)/bench_%.bpf.o: tests/bench/bench_%.bpf.c
	$(bpf_for_tests)
tools: $(GEN)/lab_pass.bpf.o
$(B)/tests/bench/heartbeat.o: $(GEN)/bench_feed.skel.h
.SECONDARY: $(GEN)/bench_feed.bpf.o

# ---- BPF: CO-RE objects and skeletons -------------------------------------------------------------
$(GEN)/vmlinux.h:
	$(call say,BTF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(BPFTOOL) btf dump file /sys/kernel/btf/vmlinux format c >$@

ARCH := $(subst aarch64,arm64,$(subst x86_64,x86,$(shell uname -m)))
$(GEN)/%.bpf.o: bpf/%.bpf.c $(GEN)/vmlinux.h
	$(call say,BPF,$<)
	$(Q)$(CLANG) -target bpf -D__TARGET_ARCH_$(ARCH) -mcpu=v3 -O2 -g -Wall -Wextra -Werror \
		-Wno-unused-parameter -Iinclude -Ibpf -I$(GEN) -MMD -MP -c $< -o $@

$(GEN)/%.skel.h: $(GEN)/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst -,_,$*)_bpf >$@

# ---- the console: its files go into picketd as they are ---------------------------------------
UI := $(sort $(wildcard userspace/ui/*))
$(GEN)/console.gen.h: $(UI) Makefile
	$(call say,UI,$@)
	$(Q)mkdir -p $(@D)
	$(Q){ printf '#define CONSOLE_FILES'; n=0; for f in $(UI); do n=$$((n + 1)); \
		printf ' \\\n\tCONSOLE_FILE(%d, "%s", "%s")' $$n "$${f##*/}" "$$f"; done; echo; } >$@
$(call obj,userspace/edge/console.c): $(GEN)/console.gen.h

# ---- the module: built by the kernel's own build, on links to our sources: the tree stays clean ---
KDIR ?= $(firstword $(wildcard /lib/modules/$(shell uname -r)/build /usr/src/linux-headers-*-$(shell dpkg --print-architecture 2>/dev/null)))
KREL = $(shell awk -F'"' '/UTS_RELEASE/ { print $$2 }' $(KDIR)/include/generated/utsrelease.h 2>/dev/null)
.PHONY: kmod
kmod: ## picket.ko against KDIR, or against the headers that are installed here
	$(Q)[ -n '$(KDIR)' ] || { echo 'kmod: no kernel headers found; give KDIR=...' >&2; exit 1; }
	$(call say,KBUILD,.build/kmod/$(KREL)/picket.ko)
	$(Q)mkdir -p .build/kmod/$(KREL) && cp -rsuf $(CURDIR)/Kbuild $(CURDIR)/kmod $(CURDIR)/include .build/kmod/$(KREL)/
	$(Q)$(MAKE) --no-print-directory $(if $(filter 1,$(V)),,-s) -C $(KDIR) M=$(CURDIR)/.build/kmod/$(KREL) CONFIG_DEBUG_INFO_BTF_MODULES= $(KFLAGS) modules

# What a guest of tests/qemu runs has no libraries; its kernel has no module but ours and one with faults.
GUEST := $(patsubst tests/qemu/%.c,.build/qemu/%,$(wildcard tests/qemu/*.c))
.PHONY: guest
guest: $(GUEST)
.build/qemu/%: tests/qemu/%.c include/picket/door.h include/picket/wire.h
	$(call say,STATIC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -D_GNU_SOURCE -O2 $(WARN) -static -pthread -Iinclude -o $@ $<

compile_commands.json: Makefile $(BASE_SRC) $(CORE_SRC) $(EDGE_SRC) $(PROG_SRC)
	$(call say,JSON,$@)
	$(Q)python3 tests/tidy/compile_commands.py '$(CC) $(filter-out -MMD -MP,$(ALL_CFLAGS))' $(filter %.c,$^) >$@

-include $(wildcard $(B)/*/*.d $(B)/*/*/*.d $(B)/*/*/*/*.d $(GEN)/*.d)
