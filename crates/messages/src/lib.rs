//! What people see, in zh-CN and English, from one catalogue.
