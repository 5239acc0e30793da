"""The files that `detector init` writes."""

__all__ = ["starter_files"]

_DETECTOR_YML = """\
# The detector's own settings. What the team watches stands in rules/*.yml; nothing secret needs to stand anywhere:
# ${NAME} is an environment variable, ${file:PATH} the content of a file.
# Every key is explained in docs/reference/configuration.md; try changes with `detector check`.

# The detector's own memory. One file is enough to begin with; postgresql://... works too.
store: sqlite:///detector.db

# Where days and hours begin. Each rule can have its own.
timezone: UTC

# The databases that rules read from. Use a role that may only SELECT.
sources:
  shop: {url: "${SHOP_DATABASE_URL}"}       # such as postgresql://reader:...@db.example/shop

# Who is told, and where: addresses of any service that apprise knows, https://appriseit.com/services/
teams:
  checkout: {notify: ["${CHECKOUT_NOTIFY_URL}"]}    # such as slack://... or mailto://...

# What is deployed, and what it needs in order to work: the first places to look when a number drops.
services:
  checkout-api: {team: checkout, depends_on: [payments]}
  payments: {team: checkout}

# Who is told when the detector itself is in trouble, such as a database that does not answer.
admins: checkout

# Who may announce deploys to `detector run`: without that, no message names a suspect. See docs/deploys.md.
# http:
#   listen: 127.0.0.1:8080
#   tokens: ["${DEPLOY_TOKEN}"]               # a long random word, such as `openssl rand -hex 24` makes

# Who makes a noise when the detector itself is silent: the address of a dead man's switch. See docs/running.md.
# ping: ${PING_URL}
"""

_CHECKOUT_YML = """\
# What the checkout team watches. The file's name is the first half of each metric's name: checkout/revenue.
# Keep it in git, and try it with `detector check --live`.

team: checkout

metrics:
  revenue:
    title: Checkout revenue            # stands in the title of every message
    kind: revenue                      # revenue | count | ratio | gauge
    unit: EUR
    source: shop                       # a source of detector.yml
    table: payments                    # your table ...
    time: paid_at                      # ... the column that says when ...
    value: sum(amount)                 # ... and what to add up
    where: status = 'captured'         # delete this line if every row counts
    # split: [country, method]         # columns to look into when it drops
    # holidays: DE                     # days that are unlike others
    alert:
      false_alarms: 1 per month        # how many your team can bear; fewer means that small drops are told later
      at_least: 200                    # stay quiet while less than 200 EUR are missing
    # runbook: https://wiki.example/checkout

  orders:
    title: Orders
    source: shop
    table: payments
    time: paid_at                      # kind is count: rows are counted, hour by hour
"""


def starter_files() -> dict[str, str]:
    """Texts by path, relative to the folder of detector.yml; they load once the variables they name are set."""
    return {"detector.yml": _DETECTOR_YML, "rules/checkout.yml": _CHECKOUT_YML}
