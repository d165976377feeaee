-- How what somebody writes on the pages names them: masked, or a staff number.
ALTER TABLE user ADD COLUMN staff TEXT;
