"""
The front door: frames in and results out by HTTP, for those who do not speak Kafka.

A request's way: its key says who asks (`api_keys`, `tenant`), what they may (`allowance`), the body
comes in no faster than there is room for (`inflow`), becomes a frame event (`http_event`) and is sent
(`intake`). Results come from the outcome topics as they arrive (`outcome_reader`, `outcome_board`) and,
if they are older, from Redis (`projection_lookup`). What goes wrong is a problem detail (`problem`).

All of it is one event loop; Kafka's clients have threads of their own, and no request has one.
"""
