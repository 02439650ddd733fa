"""Rules as code: a YAML file of rules, providers and keys, read, stored and written.

`parsing.parse` makes values of a text, `loading.load` puts them into the database, all
or nothing, and `dumping.dump` writes the database as such a file, without secrets.
"""
