# Texts of sync.
