# Everything that a change must pass; the peer tests skip what is not installed here, `.ci/run` installs it.
check: (steps "format" "lint" "docs" "deny" "test")

fmt:
    cargo fmt --all

# What the peer tests read: Spring Boot archives and a JDK base, kept in target/peers.
peers:
    tests/peers/make

[private]
steps *names:
    .ci/steps {{ names }}
