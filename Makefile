# SPDX-License-Identifier: BSD-2-Clause
# Builds, tests and lints the VMM. "make help" lists what there is to make.
#
# Every configuration (compiler, sanitizers, coverage) has an object folder of
# its own below the build folder, so that none overwrites another:
# build/gcc, build/clang-asan-ubsan, ... The plain one's program is build/vmm.
# What is built for another machine than this one is below build/ARCH, for
# example build/arm64/vmm.

MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

# ---- What a caller may set --------------------------------------------------

# The machines there are, by the names of our folders, of compilers and of
# Debian's packages; and this one.
architectures := x86 arm64
triplet_x86   := x86_64-linux-gnu
triplet_arm64 := aarch64-linux-gnu
debian_x86    := amd64
debian_arm64  := arm64
machine       := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
# What `check` is limited to; nothing: all that this machine can try.
asked_arch    := $(ARCH)
ARCH          ?= $(machine)
ifeq ($(filter $(ARCH),$(architectures)),)
$(error ARCH=$(ARCH): there is no such architecture; there are \
	$(architectures))
endif
cross := $(if $(filter-out $(machine),$(ARCH)),$(triplet_$(ARCH))-)

ifeq ($(origin CC),default)
CC := $(cross)gcc
endif
B            ?= build
PREFIX       ?= /usr/local
SANITIZE     ?=
COVERAGE     ?=
WERROR       ?= 1
FUZZ_SECONDS ?= 60
JOBS         ?= $(shell nproc)
CLANG_FORMAT ?= $(firstword $(shell command -v clang-format-14 clang-format))
CLANG_TIDY   ?= $(firstword $(shell command -v clang-tidy-14 clang-tidy))
V            ?= 0

ifeq ($(V),0)
Q   := @
# Nothing under "make --silent".
say  = $(if $(findstring s,$(firstword -$(MAKEFLAGS))),@:,\
	@printf '  %-7s %s\n' '$(1)' '$(2)')
endif

# ---- Configuration ----------------------------------------------------------

build     := $(B)$(if $(cross),/$(ARCH))
comma     := ,
nicknames := $(subst address,asan,$(subst undefined,ubsan,$(SANITIZE)))
nicknames := $(subst thread,tsan,$(subst fuzzer-no-link,fuzz,$(nicknames)))
config    := $(patsubst $(cross)%,%,$(notdir $(CC)))$(addprefix -,$(subst $(comma),-,$(nicknames)))
config    := $(config)$(if $(COVERAGE),-coverage)
O         := $(build)/$(config)
VMM       := $(if $(filter gcc,$(config)),$(build)/vmm,$(O)/bin/vmm)
# Made from sources by other tools than the compiler; the same for every
# configuration.
GENERATED := $(build)/generated

# KVM takes headers that end in a flexible array; ours stand before an array
# of fixed size, which clang's -Wpedantic dislikes; and it counts the bytes of
# help texts, for compilers that we do not use.
warnings := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
	-Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations \
	-Wold-style-definition -Wcast-qual -Wpointer-arith -Wwrite-strings \
	-Wundef -Wvla -Wformat=2 -Wimplicit-fallthrough -Wswitch-enum \
	-Wnull-dereference -Wno-gnu-variable-sized-type-not-at-end \
	-Wno-overlength-strings $(if $(filter 0,$(WERROR)),,-Werror)
dialect  := -std=c11 -D_GNU_SOURCE -pthread -I. -I$(GENERATED)

ifneq ($(SANITIZE),)
mode         := -O1 -fno-omit-frame-pointer -fsanitize=$(SANITIZE) \
	-fno-sanitize-recover=all
mode_ldflags := -fsanitize=$(SANITIZE)
else ifneq ($(COVERAGE),)
mode         := -O0 --coverage
mode_ldflags := --coverage
else
mode         := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fPIE \
	-fstack-protector-strong
mode_ldflags := -pie -Wl,-z,relro,-z,now
endif
# A forked test hides its memory accesses from the thread sanitizer.
ifneq ($(findstring thread,$(SANITIZE)),)
export CK_FORK := no
endif

# Another machine's libraries are in a folder of the cache.
sysroot_of = $(shell tests/setup/sysroot --path $(debian_$(1)))
# What runs another machine's programs, by the folder of their libraries.
emulator_of = qemu-$(firstword $(subst -, ,$(triplet_$(1)))) \
	-L $(call sysroot_of,$(1))
ifneq ($(cross),)
SYSROOT      := $(call sysroot_of,$(ARCH))
target_flags := --target=$(triplet_$(ARCH))
sysroot_cflags  := -isystem $(SYSROOT)/usr/include
sysroot_lib     := $(SYSROOT)/usr/lib/$(triplet_$(ARCH))
sysroot_ldflags := -L$(sysroot_lib) \
	-Wl,-rpath-link,$(sysroot_lib):$(SYSROOT)/lib/$(triplet_$(ARCH))
pkg_config := PKG_CONFIG_LIBDIR=$(sysroot_lib)/pkgconfig \
	PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) pkg-config
else
pkg_config := pkg-config
endif

cc_target = $(if $(findstring clang,$(CC)),$(target_flags))
cflags  = $(dialect) $(warnings) -g $(mode) $(cc_target) $(sysroot_cflags) \
	$(CPPFLAGS) $(CFLAGS)
ldflags = -pthread $(mode_ldflags) $(cc_target) $(sysroot_ldflags) $(LDFLAGS)
check_cflags = $(shell $(pkg_config) --cflags check)
check_libs   = $(shell $(pkg_config) --libs check)
# libslirp is loaded when it is asked for (vdpa/slirp_library.c).
# Of an architecture whose machine a device tree describes; a part of libfdt
# is enough, so it need not be installed where the program runs.
libraries   := -lmnl -lz -lzstd -llzma $(if $(wildcard vmm/$(ARCH)/fdt.c),-l:libfdt.a)

# ---- Sources: one list a layer ----------------------------------------------

root_sources    := $(wildcard vmm/main.c vmm/machine*.c vmm/net_backend.c \
	vmm/command_*.c)
core_sources    := $(filter-out $(root_sources),$(wildcard vmm/*.c))
arch_sources    := $(wildcard vmm/$(ARCH)/*.c)
devices_sources := $(wildcard devices/*.c)
vdpa_sources    := $(wildcard vdpa/*.c)
support_sources := $(wildcard tests/support/*.c tests/support/$(ARCH)/*.c)
# A test that includes a header of one architecture is for that one alone.
all_test_sources := $(wildcard tests/unit/test_*.c tests/contract/test_*.c \
	tests/fuzz/fuzz_*.c)
not_for         = $(shell grep -l -E '"(vmm|tests/support)/($(subst \
	$() ,|,$(filter-out $(1),$(architectures))))/' $(all_test_sources))
tests_for       = $(filter-out $(call not_for,$(1)),$(all_test_sources))
test_sources    := $(call tests_for,$(ARCH))
unit_sources    := $(filter tests/unit/%,$(test_sources))
contract_sources := $(filter tests/contract/%,$(test_sources))
fuzz_sources    := $(filter tests/fuzz/%,$(test_sources))
# Traces the calls of other programs: what traces those of ours, as a library
# that is loaded before theirs.
preload_source  := tests/trace/preload.c
preload_sources := $(preload_source) vdpa/vhost_trace.c vdpa/vhost_requests.c \
	vmm/trace.c vmm/log.c vmm/bit_names.c vmm/feature_names.c \
	vmm/nearest_word.c
preload         := $(build)/trace_preload

# Of the guest's first process, what knows no system and can be tested here.
guest_sources   := guest/init/dhcp_packet.c

program_sources := $(root_sources) $(core_sources) $(arch_sources) \
	$(devices_sources) $(vdpa_sources)
hosted_sources  := $(program_sources) $(guest_sources) $(support_sources) $(unit_sources) \
	$(contract_sources) $(fuzz_sources) $(preload_source)
hosted_headers  := $(wildcard vmm/*.h vmm/$(ARCH)/*.h devices/*.h vdpa/*.h \
	guest/init/*.h tests/support/*.h \
	tests/support/$(ARCH)/*.h)
# Files of another architecture are looked at, too, if they are not built.
foreign         := $(filter-out $(ARCH),arm64)
ifneq ($(foreign),)
foreign_sources := $(wildcard vmm/$(foreign)/*.c tests/support/$(foreign)/*.c) \
	$(call not_for,$(ARCH))
foreign_headers := $(wildcard vmm/$(foreign)/*.h tests/support/$(foreign)/*.h)
endif
# Guest code follows the same format, but is built by its own rules.
formatted := $(hosted_sources) $(hosted_headers) \
	$(foreign_sources) $(foreign_headers) \
	$(wildcard guest/*/*.c guest/*/*.h guest/bare/*/*.c guest/bare/*/*.h \
	tests/bench/*.c)
# Bare test guests: one a case, the rest is what they share.
bare_sources := $(wildcard guest/bare/*.c guest/bare/$(ARCH)/*.[cS])
bare_cases   := $(foreach file,$(bare_sources),\
	$(if $(filter case_%,$(notdir $(file))),$(file)))
bare_shared  := $(filter-out $(bare_cases),$(bare_sources))
# By the same name everywhere; what they are is what the VMM boots: on x86 ELF
# files with a PVH entry, on arm64 Images.
bare_guests  := $(patsubst case_%.c,$(build)/guest/%.elf,$(notdir $(bare_cases)))
bare_headers := $(wildcard guest/bare/*.h guest/bare/$(ARCH)/*.h \
	vmm/$(ARCH)/memory_map.h)
asl_sources := $(wildcard vmm/$(ARCH)/*.asl)
generated_headers := $(asl_sources:%.asl=$(GENERATED)/%.h)

# Shell scripts are told by their first line, whatever their name; parts, which
# others include or run, by the line that tells shellcheck of their shell.
scripts_with = $(shell git ls-files --cached --others --exclude-standard | \
	xargs -r awk '$(1) { print FILENAME; nextfile } \
	              FNR > 3 { nextfile }' 2>/dev/null)
shell_scripts = $(call scripts_with,FNR == 1 && /^\#!.*(\/|env )(ba|da)?sh( |$$)/)
shell_parts   = $(call scripts_with,/^\# shellcheck shell=/)

objects_of = $(patsubst %.c,$(O)/%.o,$(1))
program_libs := $(foreach lib,core arch devices vdpa,$(O)/lib$(lib).a)
libs := $(program_libs) $(O)/libmachine.a $(O)/libguest.a $(O)/libsupport.a
unit_tests     := $(unit_sources:%.c=$(O)/%)
contract_tests := $(contract_sources:%.c=$(O)/%)
fuzz_targets   := $(fuzz_sources:%.c=$(O)/%)

# ---- Building ---------------------------------------------------------------

.PHONY: all tests
all: $(VMM) ## build the program (build/vmm)

tests: all $(unit_tests) $(contract_tests) $(bare_guests) $(preload) ## build the tests, run none

$(VMM): $(call objects_of,$(root_sources)) $(program_libs)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ldflags) -o $@ $(filter %.o,$^) -Wl,--start-group \
		$(program_libs) -Wl,--end-group $(libraries)

# What shells complete, made of what --help says.
completions := $(addprefix $(build)/completions/,vmm.bash vmm.zsh vmm.fish)

ifneq ($(cross),)
HOST_VMM := $(B)/vmm
$(HOST_VMM):
	+@$(MAKE) ARCH=$(machine) CC=gcc SANITIZE= COVERAGE= $@
endif

$(completions): $(build)/completions/vmm.%: $(VMM) $(HOST_VMM) \
		$(wildcard completions/*)
	$(call say,HELP,$@)
	@mkdir -p $(@D)
	$(Q)completions/generate $(if $(cross),$(HOST_VMM),$(VMM)) $* >$@

.PHONY: completions
completions: $(completions) ## make the shells' completions

$(O)/libcore.a: $(call objects_of,$(core_sources))
$(O)/libarch.a: $(call objects_of,$(arch_sources))
$(O)/libdevices.a: $(call objects_of,$(devices_sources))
$(O)/libvdpa.a: $(call objects_of,$(vdpa_sources))
$(O)/libguest.a: $(call objects_of,$(guest_sources))
# What sees everything, for tests alone.
$(O)/libmachine.a: $(call objects_of,$(filter-out vmm/main.c,$(root_sources)))
$(O)/libsupport.a: $(call objects_of,$(support_sources))
$(libs): $(O)/lib%.a:
	$(call say,AR,$@)
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(O)/%.o: %.c Makefile | $(generated_headers) $(SYSROOT)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(cflags) -MMD -MP -c -o $@ $<

# Needs a network, once.
$(SYSROOT):
	@tests/setup/sysroot $(debian_$(ARCH))

$(O)/tests/%.o: private mode += $(check_cflags)

# Code that asks with __has_include for a header is built again once the header
# has come, however old its date.
libslirp_is := $(if $(cross)$(wildcard /usr/include/slirp/libslirp.h),present,absent)
$(patsubst %.c,$(O)/%.o,$(wildcard vdpa/slirp_*.c)): \
	$(GENERATED)/libslirp-$(libslirp_is)
$(GENERATED)/libslirp-%:
	@mkdir -p $(@D)
	@touch $@

# The DSDT of vmm/x86/dsdt.asl as `static const unsigned char dsdt_aml_code[]`.
# The C preprocessor runs first, so that it shares memory_map.h with the code.
$(GENERATED)/%.h: %.asl Makefile $(wildcard vmm/$(ARCH)/memory_map.h)
	$(call say,IASL,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -E -P -x c -I. $< >$(basename $@).asl
	$(Q)iasl -ve -tc -p $(basename $@) $(basename $@).asl \
		>$(basename $@).log 2>&1 || { cat $(basename $@).log >&2; exit 1; }
	$(Q)sed -n -e 's/^unsigned char/static const unsigned char/' \
		-e '/^static/,/^};/p' $(basename $@).hex >$@

# A test of one file links its own layer and those below alone, so that a
# device that reaches for a concrete backend does not even link. A test that
# is named after no file may use everything.
every_layer := arch devices vdpa core
layers_of = $(or $(if $(filter vmm/$(1).c,$(root_sources)),machine $(every_layer)),\
	$(if $(wildcard vmm/$(1).c),core arch),\
	$(if $(wildcard vmm/$(ARCH)/$(1).c),arch core),\
	$(if $(wildcard devices/$(1).c),devices core),\
	$(if $(wildcard vdpa/$(1).c),vdpa core),\
	$(if $(wildcard guest/init/$(1).c),guest core),$(every_layer))
test_libs = $(foreach lib,support \
	$(call layers_of,$(patsubst test_%,%,$(notdir $(1)))),$(O)/lib$(lib).a)

$(unit_tests) $(contract_tests): $(O)/%: $(O)/%.o $(libs)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ldflags) -o $@ $< -Wl,--start-group \
		$(call test_libs,$*) -Wl,--end-group $(check_libs) $(libraries)

# The first process of a guest that runs one command: static, and for the
# guest's architecture, whatever the program itself is built with.
init_sources := $(wildcard guest/init/*.c)
init_program := $(build)/guest/init

$(init_program): $(init_sources) $(wildcard guest/init/*.h) Makefile
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) $(dialect) $(warnings) -Os -static -s -I. -o $@ \
		$(init_sources)

$(O)/vmm/guest_init.o: $(init_program)
$(O)/vmm/guest_init.o: CPPFLAGS += -DGUEST_INIT='"$(init_program)"'

$(preload): $(preload_sources) $(wildcard vdpa/vhost_*.h vmm/*.h) Makefile
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(dialect) $(warnings) -O2 -fPIC -shared -o $@ \
		$(preload_sources)

# Bare guests are built by gcc for every configuration alike: for no host
# system, and without registers that would need switching on first.
GUEST_CC     ?= $(cross)gcc
guest_target_x86   := -m64 -mno-red-zone -fcf-protection=none
guest_target_arm64 := -mstrict-align -mno-outline-atomics
guest_cflags := $(guest_target_$(ARCH)) -std=c11 -ffreestanding -fno-pic \
	-fno-pie -O2 -g -mgeneral-regs-only -fno-stack-protector \
	-fno-asynchronous-unwind-tables -I. -Iguest/bare/$(ARCH) $(warnings)
bare_objects := $(addprefix $(build)/guest/,$(addsuffix .o,\
	$(basename $(notdir $(bare_shared)))))
GUEST_OBJCOPY ?= $(cross)objcopy

vpath %.c guest/bare guest/bare/$(ARCH)
vpath %.S guest/bare/$(ARCH)

$(build)/guest/%.o: %.c $(bare_headers) Makefile
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) $(guest_cflags) -c -o $@ $<

$(build)/guest/%.o: %.S $(bare_headers) Makefile
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) $(guest_cflags) -c -o $@ $<

$(build)/guest/%.linked: $(build)/guest/case_%.o $(bare_objects) \
		guest/bare/$(ARCH)/guest.ld
	$(call say,LINK,$@)
	$(Q)$(GUEST_CC) -nostdlib -static -no-pie -Wl,--build-id=none \
		-Wl,-z,noexecstack -Wl,--no-warn-rwx-segments \
		-T guest/bare/$(ARCH)/guest.ld -o $@ $(filter %.o,$^)

guest_format_x86   := cp
guest_format_arm64 := $(GUEST_OBJCOPY) -O binary
$(bare_guests): %.elf: %.linked
	$(Q)$(guest_format_$(ARCH)) $< $@

# ---- Testing ----------------------------------------------------------------

RUN_ALL := RUN_BUILD=$(build) tests/run-all $(if $(cross),--under \
	'$(call emulator_of,$(ARCH))')
# The configuration that `check` tests besides the one it was asked for.
asan_vars := CC=clang SANITIZE=address,undefined COVERAGE=
asan_tests := $(patsubst %.c,$(build)/clang-asan-ubsan/%,\
	$(unit_sources) $(contract_sources))
on_build   := VMM=$(abspath $(VMM)) GUESTS=$(abspath $(build))/guest
guest_step := $(if $(wildcard tests/guest/run),\
	--test 'guest=$(on_build) tests/guest/run')
cli_step   := $(if $(wildcard tests/cli/run),\
	--test 'cli=$(on_build) tests/cli/run')
lab_step   := $(if $(wildcard tests/lab/lab),\
	--test 'lab$(if $(cross),-$(ARCH))=$(on_build) \
	tests/lab/lab --arch $(ARCH)')
lint_step   = --step 'lint/$(1)=$(2) $(MAKE) --silent -k -j$(JOBS) check-$(1)'
lint_steps  = \
	$(call lint_step,format,tests/lint/need-version clang-format 14 &&) \
	$(call lint_step,tidy,tests/lint/need-version clang-tidy 14 &&) \
	$(foreach check,cppcheck layers headers shell manual completions,\
		$(call lint_step,$(check))) \
	--test lint/test-check-layers=tests/lint/test-check-layers

# Each fuzz target is tried for a short while; those that walk what a guest
# wrote into memory for longer.
fuzz_vars   := CC=clang SANITIZE=fuzzer-no-link,address,undefined COVERAGE=
fuzz_folder := $(build)/clang-fuzz-asan-ubsan/tests/fuzz
long_fuzz   := fuzz_virtqueue_split fuzz_virtqueue_packed fuzz_net_header \
	fuzz_soft_net fuzz_soft_block fuzz_soft_console
fuzz_steps  := $(foreach target,$(notdir $(basename $(fuzz_sources))),--step \
	'fuzz/$(target)=tests/fuzz/run $(fuzz_folder)/$(target) \
	$(if $(filter $(long_fuzz),$(target)),60,15)')

# Another machine's build, whose tests an emulator runs: a part of `check`
# unless ARCH limits that to one.
arm64_vars := ARCH=arm64 SANITIZE= COVERAGE= \
	CC=$(patsubst %,$(triplet_arm64)-,$(filter-out arm64,$(machine)))gcc
foreign_tests = $(patsubst %.c,$(B)/arm64/gcc/%,$(filter-out tests/fuzz/%,\
	$(call tests_for,arm64)))
ifeq ($(asked_arch)$(machine),x86)
foreign_steps = \
	--need 'build-arm64=$(MAKE) -j$(JOBS) $(arm64_vars) tests' \
	$(if $(wildcard tests/lab/lab),\
		--test 'lab-arm64=tests/lab/lab --arch arm64') \
	--under '$(call emulator_of,arm64)' $(foreign_tests)
endif

.PHONY: check check-unit check-contract check-cli check-guest check-lab
ifeq ($(cross),)
check: ## test everything: unit, contract, lint, fuzz, cli, guest, lab
	+@$(RUN_ALL) \
		--need 'packages=$(MAKE) --silent setup' \
		--need 'build=$(MAKE) -j$(JOBS) tests' \
		--need 'build-asan=$(MAKE) -j$(JOBS) $(asan_vars) tests' \
		--need 'build-fuzz=$(MAKE) -j$(JOBS) $(fuzz_vars) fuzz-targets' \
		$(unit_tests) $(contract_tests) $(asan_tests) \
		$(lint_steps) $(fuzz_steps) $(cli_step) $(guest_step) \
		$(lab_step) $(foreign_steps)
else
check:
	+@$(RUN_ALL) \
		--need 'packages=$(MAKE) --silent setup' \
		--need 'build=$(MAKE) -j$(JOBS) tests' \
		$(unit_tests) $(contract_tests) $(lab_step)
endif

.PHONY: check-arm64
check-arm64: ## test the arm64 build, on an x86 machine by emulation
	+@$(MAKE) $(arm64_vars) check

check-unit: all $(unit_tests) ## test each file by itself
	@$(RUN_ALL) $(unit_tests)

check-contract: all $(contract_tests) ## test every backend by one suite
	@$(RUN_ALL) $(contract_tests)

check-guest: all $(bare_guests) ## boot the small test guests (needs /dev/kvm)
	@$(RUN_ALL) $(guest_step)

check-cli: all $(bare_guests) ## give the program bad input of every kind
	@$(RUN_ALL) $(cli_step)

check-lab: tests ## boot Linux guests on real vhost-vdpa, in the lab
	@$(RUN_ALL) $(lab_step)

# Each measures by itself, too, in minutes: footprint 1, network 15, frames 8,
# reset 8 (with 19 GiB of free memory 17), syscalls 2, first-byte 20.
.PHONY: bench bench-footprint bench-network bench-frames bench-reset
.PHONY: bench-syscalls bench-first-byte
bench: bench-footprint bench-network bench-frames bench-reset bench-syscalls bench-first-byte ## measure, beside a peer in the same run

bench-footprint: all $(if $(wildcard guest/bare),$(build)/guest/idle.elf) ## what a resting guest costs
	@tests/bench/footprint

bench-network: all ## what networks made in software carry
	@VMM=$(VMM) tests/bench/network

bench-frames: all ## frames a second on vDPA devices, and VM exits
	@VMM=$(VMM) tests/bench/pairs frames

bench-reset: all ## how long a reset takes by the guest's memory
	@VMM=$(VMM) tests/bench/pairs reset reset_16g

bench-syscalls: all ## system calls on a vDPA device
	@VMM=$(VMM) tests/bench/pairs syscalls

# What runs in the lab's host, or in a guest: static.
bench_programs := $(patsubst tests/bench/%.c,$(build)/programs/%,\
	$(wildcard tests/bench/*.c))

$(build)/programs/byte_init: private nolibc := -nostdlib
$(bench_programs): $(build)/programs/%: tests/bench/%.c Makefile
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) $(dialect) $(warnings) -Os -static -s $(nolibc) -o $@ $<

bench-first-byte: all $(bench_programs) ## from exec to the first byte of a guest's command
	@tests/lab/setup --with-virtme-ng
	@VMM=$(VMM) tests/bench/pairs first_byte first_byte_virtme_ng

.PHONY: bench-arm64
bench-arm64: ## the start of an arm64 guest (10 minutes)
	+@$(MAKE) --silent $(arm64_vars) all $(B)/arm64/programs/first_byte
	@LAB_ARCH=arm64 tests/bench/pairs arm64_start

.PHONY: fuzz fuzz-run fuzz-targets coverage
fuzz: ## fuzz each target for FUZZ_SECONDS (60)
	+$(Q)$(MAKE) -j$(JOBS) $(fuzz_vars) fuzz-run

fuzz-targets: $(fuzz_targets)

$(fuzz_targets): $(O)/%: $(O)/%.o $(libs)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ldflags) -fsanitize=fuzzer -o $@ $< -Wl,--start-group \
		$(libs) -Wl,--end-group $(libraries)

fuzz-run: $(fuzz_targets)
	@$(RUN_ALL) $(foreach target,$(fuzz_targets),--step \
		'fuzz/$(notdir $(target))=tests/fuzz/run $(target) $(FUZZ_SECONDS)')

coverage: ## show how many lines the unit and contract tests reach
	+$(Q)$(MAKE) CC=gcc COVERAGE=1 SANITIZE= check-unit check-contract
	$(Q)tests/lint/coverage $(build)/gcc-coverage $(program_sources)

# ---- Linting ----------------------------------------------------------------

tidy_of   = $(patsubst %.c,$(build)/lint/%.tidy,$(1))
header_of = $(patsubst %.h,$(build)/lint/%.header,$(1))
tidy_stamps   := $(call tidy_of,$(hosted_sources) $(foreign_sources))
header_stamps := $(call header_of,$(hosted_headers) $(foreign_headers))
ifneq ($(foreign),)
# Who only builds needs no cache folder, and no word of it.
foreign_sysroot := $(shell tests/setup/sysroot --path $(debian_$(foreign)) \
	2>/dev/null)
$(foreign_sysroot):
	@tests/setup/sysroot $(debian_$(foreign))

foreign_stamps := $(call tidy_of,$(foreign_sources)) \
	$(call header_of,$(foreign_headers))
$(foreign_stamps): | $(foreign_sysroot)
$(foreign_stamps): private sysroot_cflags := \
	-isystem $(foreign_sysroot)/usr/include
$(foreign_stamps): private target_flags := --target=$(triplet_$(foreign))
$(foreign_stamps): private CC := $(triplet_$(foreign))-gcc
endif

.PHONY: lint check-format check-tidy check-cppcheck check-layers
.PHONY: check-headers check-shell check-manual check-completions format
lint: ## run every static check
	+@$(RUN_ALL) $(lint_steps)

check-format: ## is everything as clang-format leaves it?
	$(Q)$(CLANG_FORMAT) --dry-run --Werror $(formatted)

format: ## reformat every source
	$(Q)$(CLANG_FORMAT) -i $(formatted)

check-tidy: $(tidy_stamps) ## clang-tidy

$(tidy_stamps): $(build)/lint/%.tidy: %.c .clang-tidy $(hosted_headers) \
		$(foreign_headers) | $(generated_headers)
	$(call say,TIDY,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG_TIDY) --quiet $< -- $(dialect) $(check_cflags) \
		$(target_flags) $(sysroot_cflags) \
		>$@.log 2>&1 || \
		{ grep -v 'warnings generated' $@.log; exit 1; }
	@touch $@

check-cppcheck: ## cppcheck
	$(Q)cppcheck --quiet --std=c11 --language=c -D_GNU_SOURCE -I. \
		--enable=warning,style,performance,portability --inconclusive \
		--library=posix --inline-suppr --error-exitcode=1 \
		--suppressions-list=tests/lint/cppcheck-suppressions \
		-j$(JOBS) $(hosted_sources) $(foreign_sources)

check-layers: ## does a file include its own layer and those below alone?
	@tests/lint/check-layers

check-headers: $(header_stamps) ## does each header compile alone?

$(header_stamps): $(build)/lint/%.header: %.h $(hosted_headers) \
		$(foreign_headers) Makefile | $(generated_headers)
	$(call say,HEADER,$<)
	@mkdir -p $(@D)
	$(Q)printf '#include "%s"\nextern int not_empty;\n' $< | $(CC) $(dialect) $(warnings) \
		$(check_cflags) $(sysroot_cflags) -fsyntax-only -x c -
	@touch $@

# A part reads and sets variables of whoever includes it, who has "set -eu",
# too, and may include other parts at their place in L1.
of_others := SC2034,SC2154,SC2164,SC1091

check-shell: ## shellcheck
	$(Q)shellcheck --external-sources $(shell_scripts)
	$(Q)shellcheck --exclude=$(of_others) $(shell_parts)

check-completions: completions ## do the shells complete each option?
	@tests/lint/check-completions $(VMM) $(build)/completions

check-manual: ## does the manual page describe each option?
	@tests/lint/check-manual

# ---- Everything else --------------------------------------------------------

.PHONY: run setup lab install uninstall hooks clean help
run: ## set everything up and show a guest on a vDPA device
	+@$(MAKE) --silent setup
	+@$(MAKE) --silent -j$(JOBS) all
	+@$(MAKE) --silent lab
	@tests/lab/demo

setup: ## install the Debian packages that are missing
	@if [ -x tests/setup/install-packages ]; \
		then tests/setup/install-packages; fi

lab: all ## set the lab up: kernels and images in the cache folder
	@tests/lab/setup --arch $(ARCH)

share := $(DESTDIR)$(PREFIX)/share
installed_completions := $(share)/bash-completion/completions/vmm \
	$(share)/zsh/site-functions/_vmm $(share)/fish/vendor_completions.d/vmm.fish

install: all completions ## install below DESTDIR and PREFIX (/usr/local)
	install -D -m 755 $(VMM) $(DESTDIR)$(PREFIX)/bin/vmm
	install -D -m 644 docs/vmm.1 $(share)/man/man1/vmm.1
	install -D -m 644 $(build)/completions/vmm.bash $(word 1,$(installed_completions))
	install -D -m 644 $(build)/completions/vmm.zsh $(word 2,$(installed_completions))
	install -D -m 644 $(build)/completions/vmm.fish $(word 3,$(installed_completions))

uninstall: ## remove what install installed
	rm -f $(DESTDIR)$(PREFIX)/bin/vmm
	rm -f $(share)/man/man1/vmm.1 $(installed_completions)

.PHONY: compile_commands.json
compile_commands.json: ## for editors and language servers
	@{ separator='['; for source in $(hosted_sources); do \
		printf '%s\n  {"directory": "%s", "file": "%s", "command": "%s"}' \
			"$$separator" '$(CURDIR)' "$$source" \
			'$(CC) $(cflags) $(check_cflags) -c '"$$source"; \
		separator=','; done; printf '\n]\n'; } >$@

hooks: ## let git run the checks before commits and pushes
	git config core.hooksPath tests/hooks

clean: ## remove the build folder
	rm -rf $(build) compile_commands.json

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z._-]+:.*## / { printf "  %-22s %s\n", $$1, $$2 }' \
		$(firstword $(MAKEFILE_LIST))
	@echo
	@echo '  Variables: CC, SANITIZE=address,undefined or thread, B (build'
	@echo '  folder), V=1 (show commands), WERROR=0, PREFIX, DESTDIR,'
	@echo '  FUZZ_SECONDS, JOBS, ARCH=x86 or arm64'

-include $(patsubst %.c,$(O)/%.d,$(hosted_sources))
