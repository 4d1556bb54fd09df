"""
The front door: frames in and results out by HTTP, for those who do not speak Kafka.

A request's way: its key says who asks (`api_keys`, `tenant`), what they may (`allowance`), the body
comes in no faster than there is room for (`inflow`), becomes a frame event (`http_event`) and is sent
(`intake`). Results come from the outcome topics as they arrive (`topic_reader`, `outcome_board`) and,
if they are older, from Redis (`projection_lookup`). What goes wrong is a problem detail (`problem`).

What the pages show (`page_routes`) is asked for like everything else: the autoscaler's decisions, read from
its journal (`fleet_board`, `fleet_history`) and told with their cost (`fleet_cost`); cameras and their last
picture (`camera_list`, `frame_images`); dead letters (`letter_shelf`, `letter_desk`).

All of it is one event loop. Kafka's clients have threads of their own; no request has one, but those few
whose call blocks (`aside`).
"""
