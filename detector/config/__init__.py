"""detector.yml and rules/*.yml: strict loading, positions, schema and SQL checks.

The entry points, each in a module of its own so that a command pays only for what it uses:

    detector.config.load       load_settings   detector.yml alone (no SQL parser is imported)
    detector.config.rulebook   load_rulebook   all rules of settings
    detector.config.load       load            all files
    detector.config.schema     json_schemas    for editors
    detector.config.starter    starter_files   for `detector init`
"""
