"""SunSpec: what the registers of a device mean.

In: registers as bytes. Out: values with a quality, never a number that the device did not say. Open `model.py` first:
the published definitions as frozen values, laid out over registers; `codec.py` turns registers into values and back,
`discover.py` finds the models of a device, and `csv_map.py` does the same for devices that are not SunSpec.

Source: SunSpec Device Information Model Specification V1.1, and the published models (`models/SOURCES.md`).
"""
