"""Functions that a rule may call: they compute from their arguments alone and need no more memory than those.

Everything else is refused, whoever wrote it: reading files, sleeping, changing settings, large objects, other servers.
The database's own clock is refused too, for a tick has only one clock, and a replay would see another one.

Sources: https://www.postgresql.org/docs/current/functions.html, https://sqlite.org/lang_corefunc.html and
lang_datefunc.html, https://dev.mysql.com/doc/refman/8.4/en/functions.html
"""

__all__ = ["AGGREGATES", "BARE_CLOCKS", "CLOCKS", "SCALARS", "WORDS"]

_AGGREGATES = """
avg bit_and bit_or bool_and bool_or corr count every max median min mode percentile_cont percentile_disc std stddev
stddev_pop stddev_samp sum total var_pop var_samp variance
"""
_NUMBERS = """
abs ceil ceiling div exp floor greatest least ln log log10 log2 mod pow power round sign sqrt trunc truncate
width_bucket
"""
# without those that repeat or pad: a text of a gigabyte is one call away
_TEXTS = """
btrim char_length character_length concat concat_ws instr left length lower ltrim octet_length position regexp_like
replace reverse right rtrim split_part starts_with strpos substr substring trim upper
"""
_ANYTHING = "cast coalesce convert if ifnull iif isnull nullif try_cast typeof"
_DATES = """
adddate addtime age convert_tz date date_add date_bin date_format date_part date_sub date_trunc dateadd datediff
datetime day dayofmonth dayofweek dayofyear extract from_days from_unixtime hour interval isfinite julianday last_day
make_date make_interval make_time make_timestamp make_timestamptz makedate maketime minute month quarter sec_to_time
second str_to_date strftime subdate subtime time time_bucket time_format time_to_sec timediff timestamp timestampadd
timestampdiff timezone to_char to_date to_days to_number to_seconds to_timestamp unix_timestamp unixepoch week weekday
weekofyear year yearweek
"""
_JSON = "json_extract json_extract_path_text json_unquote json_value jsonb_extract_path_text"
_WINDOWS = "cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number"
# fill in the hours without rows; the limits on rows and time hold for them too
_ROWS = "generate_series unnest"
_CLOCKS = """
clock_timestamp curdate current_date current_time current_timestamp curtime getdate localtime localtimestamp now
statement_timestamp sysdate timeofday transaction_timestamp utc_date utc_time utc_timestamp
"""
_GRAMMAR = """
all and any as between by case cross cube distinct else escape except exists filter from full glob group having ilike
in inner intersect is join lateral left like limit materialized natural not offset on or order outer over overlaps
partition regexp right rlike rollup row select sets similar some then to union using values when where with within xor
"""
_TYPES_WITH_LENGTH = "bigint bit char character decimal float int integer nchar numeric varbit varchar varying"

AGGREGATES = frozenset(_AGGREGATES.split())
SCALARS = frozenset(f"{_NUMBERS} {_TEXTS} {_ANYTHING} {_DATES} {_JSON} {_WINDOWS} {_ROWS}".split())
CLOCKS = frozenset(_CLOCKS.split())

# Clocks when nothing stands in their brackets.
BARE_CLOCKS = frozenset({"unix_timestamp"})

# What may stand before a bracket and is no function.
WORDS = frozenset(f"{_GRAMMAR} {_TYPES_WITH_LENGTH}".split())
