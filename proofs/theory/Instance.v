(* What a file with one certificate imports, and the tactics that prove its theorem from the accepted check. *)
(* Uint63 first: the real functions of the same names come after it and are the ones that statements mean. *)
From Coq Require Export Uint63.
From Coq Require Export ZArith List Reals Lra.
From Pep Require Export Space Classes Ring LinearForms QuadraticForms Statement Methods Rate
  Integers Quadratic NumberField Literals Sharp.
Export ListNotations.
Open Scope list_scope.
Open Scope R_scope.

(* Equations between numbers of a ring and the literals of a statement. *)
Ltac number :=
  unfold step_means;
  lazy beta iota zeta delta [value integers_real quadratic_real qvalue number_field_real nvalue fst snd
    scalar element integers quadratic number_field hd tl];
  first [ reflexivity | lra | field | (field; lra) ].

Ltac numbers := repeat (first [ apply Forall2_nil | apply Forall2_cons ]); number.

(* H : M / L^b <= r (I / L^c); the goal: M <= r L^(b - c) I. *)
Ltac without_powers L HL H :=
  let try_factors j k :=
    (match type of H with ?A <= ?B => match goal with |- ?M <= ?N =>
       apply (Rmult_le_reg_l k); [ first [ exact HL | lra | (apply pow_lt; exact HL) ] |];
       replace (k * M) with (j * A) by (field; lra);
       replace (k * N) with (j * B) by (field; lra);
       apply Rmult_le_compat_l; [ first [ lra | (left; apply pow_lt; exact HL) ] | exact H ]
     end end) in
  first [ exact H
        | try_factors L 1 | try_factors (L ^ 2) 1
        | try_factors 1 L | try_factors L L | try_factors (L ^ 2) L
        | try_factors 1 (L ^ 2) | try_factors L (L ^ 2) | try_factors (L ^ 2) (L ^ 2)
        | fail 1 "the powers of L in the statement do not fit the measure and the initial condition" ].

Ltac class_of f g L HL name :=
  let HL0 := constr:(Rlt_le 0 L HL) in
  lazymatch goal with
  | Hc : convex f, Hg : gradient f g, Hl : lipschitz g L |- _ =>
    pose proof (smooth_convex f g L HL0 Hc Hg Hl) as name
  | Hc : strongly_convex ?mu f, Hg : gradient f g, Hl : lipschitz g L |- _ =>
    pose proof (smooth_strongly_convex f g mu L HL0 Hc Hg Hl) as name
  | Hg : gradient f g, Hl : lipschitz g L |- _ =>
    pose proof (lipschitz_between_parabolas f g Hg L HL0 Hl) as name
  end.

(* Put a variable in the place of the list of points. Its terms must never be unfolded: x_(i+1) mentions x_i twice, so they
   grow like 2^N. *)
Ltac with_points L g k :=
  let x := fresh "x" in let Hx := fresh in
  lazymatch goal with
  | |- context [gradient_descent L g ?x0 ?hs] =>
    generalize (trajectory_of_gradient_descent _ L g x0 hs);
    generalize (gradient_descent L g x0 hs); intros x Hx;
    k x0 x Hx constr:(Real_gradient_descent hs)
  | |- context [fixed_step L g ?x0 ?rows] =>
    generalize (trajectory_of_fixed_step _ L g x0 rows);
    generalize (fixed_step L g x0 rows); intros x Hx;
    k x0 x Hx constr:(Real_fixed_step rows)
  end.

(* The rate in the statement, whatever power of L comes with it. *)
Ltac rate_of L k :=
  match goal with
  | |- _ <= ?r * L * _ => k r
  | |- _ <= ?r * L ^ 2 * _ => k r
  | |- _ <= ?r / L * _ => k r
  | |- _ <= ?r / L ^ 2 * _ => k r
  | |- _ <= ?r * _ => k r
  end.

(* By one run of the virtual machine, in the kernel only. *)
Ltac computed := lazymatch goal with |- _ = ?v => vm_cast_no_check (eq_refl v) end.

Ltac prove_rate E accepted :=
  lazymatch type of accepted with check ?K ?P ?C = true =>
    let p := eval red in P in
    let c := eval red in C in
    lazymatch p with Problem _ _ ?me ?ini ?mu0 ?delta0 ?den0 ?md0 =>
    lazymatch c with Certificate _ ?num0 ?rden0 _ _ _ _ _ =>
      let mu1 := eval vm_compute in mu0 in
      let delta1 := eval vm_compute in delta0 in
      let den := eval vm_compute in den0 in
      let md := eval vm_compute in md0 in
      let num := eval vm_compute in num0 in
      let rden := eval vm_compute in rden0 in
      let V := fresh "V" in let f := fresh "f" in let g := fresh "g" in let L := fresh "L" in let HL := fresh "HL" in
      intros V f g L HL; cbv zeta; intros;
      let B := fresh "B" in class_of f g L HL B;
      lazymatch type of B with between_parabolas ?modulus _ _ _ =>
      with_points L g ltac:(fun x0 x Hx m =>
      let Hmu := fresh in
      assert (value E mu1 * L = modulus * value E delta1) as Hmu by number;
      let Hm := fresh in
      assert (method_means E den md m) as Hm by (cbn [method_means]; numbers);
      rate_of L ltac:(fun r =>
      let Hr := fresh in
      assert (value E num = r * value E rden) as Hr by number;
      let E3 := fresh in assert (mu K P = mu1) as E3 by computed;
      let E4 := fresh in assert (delta K P = delta1) as E4 by computed;
      let E5 := fresh in assert (denominator K P = den) as E5 by computed;
      let E6 := fresh in assert (steps_of K P = md) as E6 by computed;
      let E7 := fresh in assert (rate_numerator K C = num) as E7 by computed;
      let E8 := fresh in assert (rate_denominator K C = rden) as E8 by computed;
      let H := fresh in
      lazymatch goal with
      | Hg : gradient f g, Hs : minimiser f ?xs |- _ =>
        pose proof (rate_with_minimiser E P C accepted eq_refl me ini mu1 delta1 den md num rden
                      eq_refl eq_refl E3 E4 E5 E6 E7 E8
                      V f g L modulus HL B Hg Hmu m Hm r Hr xs Hs x0 x Hx) as H
      | Hs : forall y, ?f_star <= f y |- _ =>
        pose proof (rate_with_infimum E P C accepted eq_refl me ini mu1 delta1 den md num rden
                      eq_refl eq_refl E3 E4 E5 E6 E7 E8
                      V f g L modulus HL B Hmu m Hm r Hr f_star Hs x0 x Hx) as H
      end;
      cbn [measured started] in H; clear - HL H;
      without_powers L HL H)) end end end end.

(* In a number field, for a root alpha of its polynomial in its interval. *)
Ltac prove_rate_in alpha interval root accepted :=
  lazymatch type of accepted with check ?K _ _ = true =>
    let k := eval red in K in
    lazymatch k with number_field ?r ?low ?high ?s =>
      let A := fresh in let B := fresh in
      assert (IZR low / 2 ^ Pos.to_nat s <= alpha <= IZR high / 2 ^ Pos.to_nat s) as A by exact interval;
      assert (alpha ^ length r = nvalue alpha r) as B
        by (cbn [length nvalue]; clear - root; lra);
      clear interval root;
      prove_rate (number_field_real r low high s alpha A B) accepted
    end end.

(* No smaller constant: E the realisation, sharp_accepted the check of the steps and the rate. *)
Ltac prove_sharp E sharp_accepted :=
  lazymatch type of sharp_accepted with @sharp_check ?ring ?den0 ?hs0 ?nr0 ?nd0 = true =>
    let den := eval vm_compute in den0 in
    let hs := eval vm_compute in hs0 in
    let nr := eval vm_compute in nr0 in
    let nd := eval vm_compute in nd0 in
    intros rho Hrho; cbv beta in Hrho;
    let A := fresh in
    assert (@sharp_check ring den hs nr nd = true) as A by computed;
    refine (no_smaller_constant E den hs nr nd A _ _ _ _ rho Hrho); [ numbers | number ]
  end.

Ltac prove_sharp_in K alpha interval root sharp_accepted :=
  let k := eval red in K in
  lazymatch k with number_field ?r ?low ?high ?s =>
    let A := fresh in let B := fresh in
    assert (IZR low / 2 ^ Pos.to_nat s <= alpha <= IZR high / 2 ^ Pos.to_nat s) as A by exact interval;
    assert (alpha ^ length r = nvalue alpha r) as B by (cbn [length nvalue]; clear - root; lra);
    clear interval root;
    prove_sharp (number_field_real r low high s alpha A B) sharp_accepted
  end.

(* exists alpha, low / 2^s <= alpha <= high / 2^s /\ (the equation of alpha), by a change of sign. *)
Ltac prove_root K :=
  let k := eval red in K in
  lazymatch k with number_field ?r ?low ?high ?s =>
    let a := fresh "alpha" in let A := fresh in let B := fresh in
    destruct (root_in_interval r low high s) as [a [A B]];
    [ vm_compute; reflexivity | exists a; split; [ exact A | cbn [length nvalue] in B; clear A; lra ] ]
  end.
