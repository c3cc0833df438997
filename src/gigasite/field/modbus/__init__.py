"""Modbus TCP: registers of a device over one connection, many transactions in flight.

In: requests for registers. Out: their bytes, or one `FieldError` that says what went wrong. Open `frames.py` first:
every frame is made and checked there, without a socket; `wire.py` pairs answers with requests on one connection,
`client.py` keeps it connected, `server.py` is the other end, with hooks for everything that a bad device does.

Source: MODBUS Application Protocol Specification V1.1b3 and MODBUS Messaging on TCP/IP Implementation Guide V1.0b
(modbus.org).
"""
