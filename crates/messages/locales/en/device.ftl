# Texts of device.
