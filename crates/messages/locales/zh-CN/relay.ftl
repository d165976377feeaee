# Texts of relay.
