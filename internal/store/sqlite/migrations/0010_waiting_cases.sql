-- The cases that wait for an answer, in the order in which they were opened.
CREATE INDEX case_waiting ON case_file (opened, id) WHERE waiting <> '';
