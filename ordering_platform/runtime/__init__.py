"""The ground floor every service stands on; the only room that knows nameko, eventlet and kombu.

What a service may use, and where it stands:

* ``entrypoints``: ``http``, ``rpc``, ``timer``: the doors of a service
* ``peers``: ``Peer``, a bounded call to another service
* ``database``: ``Database``, one short transaction at a time
* ``identity``: who is calling, and ``ANYONE``, ``GUEST``, ``staff`` ... who may enter
* ``schemas``: base classes and fields for what comes in and what goes out
* ``errors``, ``money``, ``ids``, ``clock``, ``paging``, ``idempotency``: words every service shares
* ``config``, ``logs``, ``metrics``: the process around the service

Nothing is imported here, so that the pure modules can use ``errors`` without waking the rest.
"""
