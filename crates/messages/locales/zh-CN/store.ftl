# Texts of store.
