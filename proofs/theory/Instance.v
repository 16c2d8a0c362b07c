(* What a file with one certificate imports, and the tactics that prove its theorem from the accepted check. *)
(* Uint63 first: the real functions of the same names come after it and are the ones that statements mean. *)
From Coq Require Export Uint63.
From Coq Require Export ZArith List Reals Lra.
From Pep Require Export Space Classes Ring LinearForms QuadraticForms Statement Methods Rate
  Integers Quadratic NumberField Literals.
Export ListNotations.
Open Scope list_scope.
Open Scope R_scope.

(* Equations between numbers of a ring and the literals of a statement. *)
Ltac number :=
  unfold step_means;
  lazy beta iota zeta delta [value integers_real quadratic_real qvalue number_field_real nvalue fst snd];
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

Ltac method_of x k :=
  let t := eval unfold x in x in
  lazymatch t with
  | gradient_descent _ _ _ ?hs => k constr:(Real_gradient_descent hs)
  | fixed_step _ _ _ ?rows => k constr:(Real_fixed_step rows)
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

Ltac prove_rate E accepted :=
  lazymatch type of accepted with check ?K ?P ?C = true =>
    let p := eval red in P in
    let c := eval red in C in
    lazymatch p with Problem _ _ ?me ?ini ?mu0 ?delta0 ?den0 ?md0 =>
    lazymatch c with Certificate _ ?num0 ?rden0 _ _ _ _ _ =>
      let mu := eval vm_compute in mu0 in
      let delta := eval vm_compute in delta0 in
      let den := eval vm_compute in den0 in
      let md := eval vm_compute in md0 in
      let num := eval vm_compute in num0 in
      let rden := eval vm_compute in rden0 in
      let V := fresh "V" in let f := fresh "f" in let g := fresh "g" in let L := fresh "L" in let HL := fresh "HL" in
      intros V f g L HL; intros;
      let B := fresh "B" in class_of f g L HL B;
      lazymatch type of B with between_parabolas ?modulus _ _ _ =>
      lazymatch goal with x := _ |- _ =>
      let Hmu := fresh in
      assert (value E mu * L = modulus * value E delta) as Hmu by number;
      method_of x ltac:(fun m =>
      let Hm := fresh in
      assert (method_means E den md m) as Hm by (cbn [method_means]; numbers);
      rate_of L ltac:(fun r =>
      let Hr := fresh in
      assert (value E num = r * value E rden) as Hr by number;
      let H := fresh in
      lazymatch goal with
      | Hg : gradient f g, Hs : minimiser f ?xs |- _ =>
        lazymatch type of x with list (vector V) =>
        let t := eval unfold x in x in
        lazymatch t with
        | gradient_descent _ _ ?x0 _ =>
          pose proof (rate_with_minimiser E P C accepted eq_refl me ini eq_refl eq_refl
                        V f g L modulus HL B Hg Hmu m Hm r Hr xs Hs x0) as H
        | fixed_step _ _ ?x0 _ =>
          pose proof (rate_with_minimiser E P C accepted eq_refl me ini eq_refl eq_refl
                        V f g L modulus HL B Hg Hmu m Hm r Hr xs Hs x0) as H
        end end
      | Hs : forall y, ?f_star <= f y |- _ =>
        let t := eval unfold x in x in
        lazymatch t with
        | gradient_descent _ _ ?x0 _ =>
          pose proof (rate_with_infimum E P C accepted eq_refl me ini eq_refl eq_refl
                        V f g L modulus HL B Hmu m Hm r Hr f_star Hs x0) as H
        | fixed_step _ _ ?x0 _ =>
          pose proof (rate_with_infimum E P C accepted eq_refl me ini eq_refl eq_refl
                        V f g L modulus HL B Hmu m Hm r Hr f_star Hs x0) as H
        end
      end;
      cbn [measured started trajectory] in H;
      fold x in H; clear - HL H; clearbody x;
      without_powers L HL H)) end end end end end.

(* exists alpha, a <= alpha <= b /\ p(alpha) = q(alpha), by a change of sign. *)
Ltac prove_root :=
  lazymatch goal with |- exists x : R, ?a <= x <= ?b /\ @?p x = @?q x =>
    let h := constr:(fun x : R => p x - q x) in
    let h' := eval cbv beta in h in
    let z := fresh in let Hz := fresh in let Hr := fresh in
    destruct (IVT_cor h' a b) as [z [Hz Hr]];
    [ reg | lra
    | cbv beta; match goal with |- ?u * ?v <= 0 =>
        first [ (assert (u <= 0) by lra; assert (0 <= v) by lra; nra)
              | (assert (0 <= u) by lra; assert (v <= 0) by lra; nra) ] end
    | exists z; split; [exact Hz | cbv beta in Hr; lra] ]
  end.
