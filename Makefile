# Outcry. `make run` serves the chat, `make test` tests it; both install what is missing first.
# Everything built goes to $(BUILD); SAN=1 builds with ASan and UBSan.

BUILD  ?= build
CC     ?= cc
SAN    ?=
WERROR ?= -Werror

# Where `make install` puts things, and where the programs look for their configuration.
DESTDIR       ?=
PREFIX        ?= /usr/local
SYSCONFDIR    ?= /etc
LOCALSTATEDIR ?= /var
RUNSTATEDIR   ?= /run
WEB_USER      ?= www-data

PACKAGES := fcgi zlib json-c libjwt sqlite3 libcrypto nettle libutf8proc md4c
CPPFLAGS += -I. -D_GNU_SOURCE -D_FORTIFY_SOURCE=2
CFLAGS   += -std=c11 -O2 -g -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wvla -Wformat=2 $(WERROR) -fstack-protector-strong -fPIE \
            -ffunction-sections -fdata-sections
LDFLAGS  += -pie -Wl,-z,relro,-z,now,--as-needed,--gc-sections
ifneq ($(SAN),)
CPPFLAGS += -U_FORTIFY_SOURCE
CFLAGS   += -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS  += -fsanitize=address,undefined
endif

pkg       = $(shell pkg-config --cflags $(1) 2>/dev/null)
pkg_libs  = $(shell pkg-config --libs $(1) 2>/dev/null)
CPPFLAGS += $(call pkg,$(PACKAGES))
GROUND_LIBS  = $(call pkg_libs,json-c sqlite3 nettle libutf8proc md4c) -lpthread
FCGI_LIBS    = $(call pkg_libs,fcgi zlib)
SIDECAR_LIBS = $(call pkg_libs,libwebsockets libuv libcrypto)
CLI_LIBS     = $(call pkg_libs,libssl libcrypto)
TEST_LIBS    = $(call pkg_libs,cmocka libcrypto)

MAINS     := cgi-bin/main.c ws-sidecar/main.c cli/main.c
sources    = $(filter-out $(MAINS),$(wildcard $(1)/*.c))
objects    = $(patsubst %.c,$(BUILD)/%.o,$(1))

GROUND_OBJ  := $(call objects,$(call sources,lib) $(call sources,db) $(call sources,chat)) \
               $(BUILD)/gen/chat_migrations.o $(BUILD)/gen/state_migrations.o $(BUILD)/gen/places.o \
               $(BUILD)/gen/shortcodes.o
HTTP_OBJ    := $(call objects,$(call sources,cgi-bin)) $(BUILD)/gen/templates.o \
               $(BUILD)/gen/asset_version.o
SIDECAR_OBJ := $(call objects,$(call sources,ws-sidecar))
CLI_OBJ     := $(call objects,$(call sources,cli))
FIXTURE_OBJ := $(call objects,$(wildcard tests/lib/*.c))

PROGRAMS := $(BUILD)/chat.fcgi $(BUILD)/api.fcgi $(BUILD)/outcry-sidecar $(BUILD)/outcry
UNIT     := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c tests/handler/test_*.c))
FUZZERS  := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
HELPERS  := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/helpers/*.c))
BENCHES  := $(addprefix $(BUILD)/bench/,fanout fill floor http insert post search)
TRIVIALS := $(addprefix $(BUILD)/bench/,trivial.fcgi trivial.cgi linked.cgi)
BENCH_COMMON := $(addprefix bench/,answer.c crowd.c measure.c options.c scan.c tally.c transport.c \
                                     transport_http.c vocabulary.c wire.c)

# By name, in the order of strcmp().
static/vendor/emoji/shortcodes.txt: static/vendor/.stamp
$(BUILD)/gen/shortcodes.c: static/vendor/emoji/shortcodes.txt
	@mkdir -p $(@D)
	@{ printf '#include "lib/embedded.h"\n\nconst struct embedded embedded_shortcodes[] = {\n'; \
	    awk '{ printf "    {\"%s\", \"%s\", sizeof \"%s\" - 1},\n", $$1, $$2, $$2 }' $<; \
	    printf '    {0}};\nconst size_t embedded_shortcode_count = %d;\n' $$(wc -l < $<); } > $@

# The ?v= of static files: changes when one of them does, or what they are made by and for.
ASSET_VERSION = $(shell cat $$(find static -type f ! -path 'static/vendor/*' | LC_ALL=C sort) \
    package-lock.json scripts/assets.mjs templates/*.mustache | sha256sum | cut -c1-12)

# What was made as $(1).new takes the place of $(1) only where it differs: else nothing is made of it again.
keep_same = @cmp -s $(1).new $(1) && rm $(1).new || mv $(1).new $(1)

# V=1 shows the commands.
MAKEFLAGS += --no-print-directory
Q    = $(if $(V),,@)
show = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@printf '  %-4s %s\n' $(1) $@)

# One compiler for each core, unless somebody said -j.
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: all run test test-long check unit lint asan check-layers check-headers clean deps test-deps \
        vendor tests-built docs install uninstall dist dist-shared \
        bench bench-full bench-deps bench-built

all: $(PROGRAMS)

run: deps
	+$(MAKE) $(JOBS) all vendor
	@BUILD=$(BUILD) SERVER=$(or $(SERVER),lighttpd) PORT=$(or $(PORT),8080) VAR=$(or $(VAR),var) \
	    exec scripts/run

test: test-deps
	+$(MAKE) $(JOBS) all vendor tests-built
	@BUILD=$(BUILD) exec tests/run

# Every test in its long form, in pieces: goes on where it was interrupted. FRESH=1 starts over.
test-long: test-deps
	+$(MAKE) $(JOBS) all vendor tests-built
	@BUILD=$(BUILD) FRESH=$(FRESH) exec tests/run-long

# Unit and handler tests alone: seconds.
unit: $(UNIT)
	@BUILD=$(BUILD) exec tests/run unit handler

asan: test-deps
	+$(MAKE) $(JOBS) BUILD=build/asan SAN=1 all vendor tests-built
	@BUILD=build/asan exec tests/run

# How fast, against the floor and against others: prints a table, writes bench/RESULTS.md.
bench: bench-deps
	+$(MAKE) $(JOBS) all vendor bench-built
	@BUILD=$(BUILD) exec bench/run --write

bench-full: bench-deps
	+$(MAKE) $(JOBS) all vendor bench-built
	@BUILD=$(BUILD) exec bench/run --full --write

check: lint check-layers check-headers unit

deps:
	@scripts/install-deps run

test-deps:
	@scripts/install-deps test

bench-deps:
	@scripts/install-deps bench

vendor: static/vendor/.assets

static/vendor/.stamp: package.json package-lock.json scripts/vendor
	@scripts/vendor
	@touch $@

# What browsers are given, small: scripts and style.
static/vendor/.assets: static/vendor/.version scripts/assets.mjs
	@node scripts/assets.mjs $$(cat $<)
	@touch $@
static/vendor/.version: static/vendor/.stamp FORCE
	@echo $(ASSET_VERSION) > $@.new
	$(call keep_same,$@)

# What the browser tests run on. After the vendor stamp: npm works on one folder.
node_modules/.tests: static/vendor/.stamp
	@scripts/vendor --tests
	@touch $@

tests-built: $(UNIT) $(FUZZERS) $(HELPERS) $(BENCHES) $(TRIVIALS) node_modules/.tests

# What speed is compared with, each pinned by a lock of its own.
bench-built: $(BENCHES) $(TRIVIALS) bench/peers/node_modules/.stamp bench/lighthouse/node_modules/.stamp \
             node_modules/.tests

bench/%/node_modules/.stamp: bench/%/package-lock.json static/vendor/.stamp
	@cd bench/$* && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

docs: $(BUILD)/outcry
	$(BUILD)/outcry doctor --print-config-docs > docs/configuration.md

install: all vendor $(BUILD)/outcry.1
	@$(INSTALL_TO) scripts/install install
uninstall:
	@$(INSTALL_TO) scripts/install uninstall
INSTALL_TO = BUILD='$(BUILD)' DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' \
    LOCALSTATEDIR='$(LOCALSTATEDIR)' RUNSTATEDIR='$(RUNSTATEDIR)' WEB_USER='$(WEB_USER)'

# The source, and an archive for shared web hosts (docs/operations.md).
dist:
	@version=$$(sed -n 's/^#define OUTCRY_VERSION "\(.*\)"$$/\1/p' lib/version.h) && mkdir -p $(BUILD) && \
	git -c tar.tar.gz.command='gzip -n' archive --format=tar.gz --prefix=outcry-$$version/ \
	    -o $(BUILD)/outcry-$$version.tar.gz HEAD && \
	echo $(BUILD)/outcry-$$version.tar.gz
dist-shared: all vendor
	@BUILD=$(BUILD) scripts/dist-shared

$(BUILD)/outcry.1: $(BUILD)/outcry scripts/manpage
	@scripts/manpage $(BUILD)/outcry > $@

lint:
	@scripts/lint

check-layers:
	@scripts/check-layers

# Each header compiles alone.
check-headers:
	@for h in $$(git ls-files -co --exclude-standard -- '*.h'); do \
	    $(CC) $(CPPFLAGS) $(CFLAGS) -fsyntax-only -Wno-unused -x c $$h || exit 1; \
	done; echo "check-headers: each header compiles alone"

clean:
	rm -rf $(BUILD)

$(BUILD)/ground.a: $(GROUND_OBJ)
$(BUILD)/http.a: $(HTTP_OBJ)
$(BUILD)/sidecar.a: $(SIDECAR_OBJ)
$(BUILD)/cli.a: $(CLI_OBJ)
$(BUILD)/fixture.a: $(FIXTURE_OBJ)
$(BUILD)/%.a:
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/chat.fcgi: $(BUILD)/cgi-bin/main.o $(BUILD)/http.a $(BUILD)/ground.a
	$(call show,link)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(FCGI_LIBS) $(GROUND_LIBS)
# One file of two names, so that it is in memory once.
$(BUILD)/api.fcgi: $(BUILD)/chat.fcgi
	$(Q)ln -f $< $@
$(BUILD)/outcry-sidecar: $(BUILD)/ws-sidecar/main.o $(BUILD)/sidecar.a $(BUILD)/ground.a
	$(call show,link)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(SIDECAR_LIBS) $(GROUND_LIBS)
$(BUILD)/outcry: $(BUILD)/cli/main.o $(BUILD)/cli.a $(BUILD)/ground.a
	$(call show,link)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(CLI_LIBS) $(GROUND_LIBS)

$(UNIT) $(FUZZERS): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/fixture.a $(BUILD)/bench.a $(BUILD)/http.a \
                              $(BUILD)/sidecar.a $(BUILD)/cli.a $(BUILD)/ground.a
	$(call show,link)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(TEST_LIBS) $(FCGI_LIBS) $(SIDECAR_LIBS) $(GROUND_LIBS)
$(HELPERS): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/ground.a
	$(call show,link)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(GROUND_LIBS)

$(BUILD)/bench.a: $(call objects,$(BENCH_COMMON))
$(BENCHES): $(BUILD)/bench/%: $(BUILD)/bench/%.o $(BUILD)/bench.a $(BUILD)/ground.a
	$(call show,link)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(GROUND_LIBS) -lm

# What api.fcgi loads, used or not: --no-as-needed.
$(BUILD)/bench/trivial.fcgi: $(BUILD)/bench/trivial_fcgi.o $(BUILD)/ground.a
	$(call show,link)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(FCGI_LIBS)
$(BUILD)/bench/trivial.cgi: $(BUILD)/bench/trivial_cgi.o
	$(call show,link)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^
$(BUILD)/bench/linked.cgi: $(BUILD)/bench/trivial_cgi.o
	$(call show,link)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -Wl,--no-as-needed $(FCGI_LIBS) $(GROUND_LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call show,cc)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	$(call show,cc)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/gen/chat_migrations.c: $(sort $(wildcard db/migrations/chat/*.sql))
	@mkdir -p $(@D)
	@scripts/embed embedded_chat_migrations $^ > $@
$(BUILD)/gen/state_migrations.c: $(sort $(wildcard db/migrations/state/*.sql))
	@mkdir -p $(@D)
	@scripts/embed embedded_state_migrations $^ > $@
$(BUILD)/gen/templates.c: $(sort $(wildcard templates/*.mustache))
	@mkdir -p $(@D)
	@scripts/embed embedded_templates $^ > $@

$(BUILD)/gen/asset_version.c: FORCE
	@mkdir -p $(@D)
	@printf '#include "cgi-bin/view.h"\n\nconst char asset_version[] = "%s";\n' $(ASSET_VERSION) > $@.new
	$(call keep_same,$@)

# Written anew only where it differs, so that choosing other places rebuilds what knows them.
$(BUILD)/gen/places.c: FORCE
	@mkdir -p $(@D)
	@{ printf '#include "lib/places.h"\n\n'; \
	    printf 'const char places_%s[] = "%s";\n' \
	        conf '$(SYSCONFDIR)/outcry/outcry.conf' state '$(LOCALSTATEDIR)/lib/outcry' \
	        run '$(RUNSTATEDIR)/outcry' log '$(LOCALSTATEDIR)/log/outcry' user outcry; } > $@.new
	$(call keep_same,$@)
FORCE:

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
