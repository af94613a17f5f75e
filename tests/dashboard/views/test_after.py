def test_x(signed_in):
    app = signed_in("finance", "after.py")
    assert not app.exception, app.exception
    print([m.value for m in app.markdown])
    assert not [e.value for e in app.error]
