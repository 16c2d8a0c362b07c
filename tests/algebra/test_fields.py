

def test_an_instruction_of_a_radical_program_may_be_rational() -> None:
    # (theta_0 - 1)/theta_1 = 0 in Nesterov's method: rational although it comes from a program
    deep = exact("sqrt(2)")
    for n in (3, 5, 7, 11, 13):
        deep = deep + exact(f"sqrt({n})")
    zero = exact(0) * deep
    field, (value, other) = realise([zero, deep])
    assert field.write(value) == "0"
    assert field.sign(other) == 1
