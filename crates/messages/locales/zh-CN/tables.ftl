# Texts of tables.
