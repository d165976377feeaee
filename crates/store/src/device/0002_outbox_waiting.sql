-- Every batch of an exchange asks how much waits: answered from a narrow index, not by reading the changes themselves.
CREATE INDEX outbox_waiting ON outbox (seq, length(bytes)) WHERE refused IS NULL;
