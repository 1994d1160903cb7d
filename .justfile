# Everything that a change must pass; the peer tests skip what is not installed here, `.ci/run` installs it.
check: (steps "format" "lint" "docs" "deny" "test")

fmt:
    cargo fmt --all

# What the peer tests read: Spring Boot archives and a JDK base, kept in target/peers.
peers:
    tests/peers/make

# Parsers of what comes from outside, tried for a minute each on what nobody thought of.
fuzz: (steps "fuzz")

[private]
steps *names:
    .ci/steps {{ names }}
